// A YAML document as a plain tree that keeps where everything stood. Aliases are not expanded:
// the aliased node has several parents, so a small file never grows (and may hold a cycle).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/config/domain/diagnostic.h"

namespace fleetcast::config {

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  bool quoted = false;        // scalars: 'text' or "text", which is text whatever it looks like
  std::string text;           // scalars
  std::string tag;            // an explicit tag, "!!binary"; else empty
  std::vector<int> children;  // sequences: the items; mappings: key, value, key, value …
  Mark mark;
};

struct YamlDocument {
  std::vector<YamlNode> nodes;
  int root = 0;
  [[nodiscard]] const YamlNode& at(int index) const { return nodes[index]; }
};

struct ParsedYaml {
  std::optional<YamlDocument> document;  // nullopt if the text is no YAML, or too much of it
  Diagnostics diagnostics;               // without path
};

// Never throws; takes time and memory in proportion to the text.
using YamlParser = std::function<ParsedYaml(const std::string& text)>;

}  // namespace fleetcast::config
