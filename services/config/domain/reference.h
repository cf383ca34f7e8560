// Documents made of the table of keys: the reference in docs/configuration.md for people, JSON
// Schemas for editors. `./dev generate` writes them, and a test fails if they are not current.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/config/domain/circuit_file.h"

namespace fleetcast::config {

// A Markdown table: key, value, default, meaning.
[[nodiscard]] std::string KeyReference();

// `document` with what stands between its two marks replaced by KeyReference. NOT_FOUND if the
// marks are not there.
[[nodiscard]] absl::StatusOr<std::string> WithKeyReference(const std::string& document);

// The schema (draft 7) of a circuit's file or of a file of defaults. It says of one file what can
// be said of it alone: a required key may as well stand in a file of defaults.
[[nodiscard]] std::string JsonSchema(FileKind kind);

// That of a calendar.
[[nodiscard]] std::string CalendarSchema();

}  // namespace fleetcast::config
