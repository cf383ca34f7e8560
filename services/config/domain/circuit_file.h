// What one file says about circuits: a circuit's own file (every key allowed), or a file of
// defaults (any subset, no ids). Values are checked one by one; what takes several of them, or
// the file's place, is checked by circuit_resolution.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "services/config/domain/document.h"
#include "services/config/domain/field_path.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {

enum class FileKind { kCircuit, kDefaults };

struct FileValue {
  std::size_t key = 0;  // index into CircuitKeys
  Value value;
  Mark mark;
};

// Depends on the file's bytes alone, so that it can be kept by blob id.
struct CircuitFile {
  std::vector<FileValue> values;  // in the order of the table
  // Keys whose value was refused: they are wrong, not missing.
  std::vector<std::size_t> refused;
  // Sections that stand in the file, with their place: where a missing key would have to be added.
  std::vector<std::pair<std::string, Mark>> sections;
  bool readable = false;    // false: the text is no YAML mapping, nothing can be said of its keys
  Diagnostics diagnostics;  // without path and ids
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

[[nodiscard]] CircuitFile ReadCircuitFile(const ParsedYaml& yaml, FileKind kind);

// The entries of a mapping whose keys are plain names, in the file's order. Duplicate keys, merge
// keys and keys that are no text are reported and left out. `field` is the mapping's own.
struct MappingEntry {
  const YamlNode* key = nullptr;  // a scalar
  int value = 0;
  [[nodiscard]] const std::string& name() const { return key->text; }
};
[[nodiscard]] std::vector<MappingEntry> ReadMapping(const YamlDocument& document,
                                                    const YamlNode& mapping, const FieldPath& field,
                                                    Diagnostics& diagnostics);

}  // namespace fleetcast::config
