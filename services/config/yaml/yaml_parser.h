// libyaml behind the domain's YamlParser, through its events: aliases stay aliases, duplicate keys
// stay both, and a place is known for everything.
#pragma once

#include <string>

#include "services/config/domain/document.h"

namespace fleetcast::config {

// One document of UTF-8 text. Diagnostics: those of CheckEncoding, YAML_SYNTAX, TAB_INDENTATION,
// NESTING_TOO_DEEP (above 32 levels), DOCUMENT_TOO_LARGE (above 400,000 nodes),
// MULTIPLE_DOCUMENTS. Thread safe.
[[nodiscard]] ParsedYaml ParseYaml(const std::string& text);

}  // namespace fleetcast::config
