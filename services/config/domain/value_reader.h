// From a YAML node to a value of one key: its type, range and form, with a diagnostic for each
// thing that is wrong.
#pragma once

#include <cstddef>
#include <optional>

#include "services/config/domain/document.h"
#include "services/config/domain/field_path.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {

// The value of `key` at `node`, or nullopt after at least one diagnostic.
[[nodiscard]] std::optional<Value> ReadValue(const Key& key, const YamlDocument& document, int node,
                                             Diagnostics& diagnostics);

// Text of one of the types of text, for files that are not circuits' (the master list).
[[nodiscard]] std::optional<std::string> ReadText(KeyType type, const ValueRange& length,
                                                  const FieldPath& field, const YamlNode& node,
                                                  Diagnostics& diagnostics);

// Nobody reads more about one file, and a hostile one has room for millions.
inline constexpr std::size_t kMostDiagnosticsOfFile = 1000;

// Appends an error about `field` at `mark`; nullptr, after a last one that says so, once there are
// too many. The pointer holds until the next call.
Diagnostic* Report(Diagnostics& diagnostics, const Mark& mark, const std::string& field,
                   const std::string& reason, const std::string& message,
                   const std::string& remedy);

}  // namespace fleetcast::config
