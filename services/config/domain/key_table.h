// Every key of a circuit's file, once: name, type, range, default and meaning. Validation, the
// canonical form, change detection, filters, docs/configuration.md and the JSON Schemas all come
// from this table; `./dev generate` writes the documents again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/config/domain/circuit_config.h"

namespace fleetcast::config {

// std::monostate: there is none, and none is needed.
using Value = std::variant<std::monostate, std::int64_t, double, std::string,
                           std::vector<std::string>, std::vector<double>>;

enum class KeyType {
  kInteger,    // std::int64_t
  kNumber,     // double
  kId,         // std::string as ValidateId has it
  kToken,      // std::string of letters, digits and ._- that begins with a letter or digit
  kName,       // std::string for people or a column: printable
  kChoice,     // std::string, one of `choices`
  kDate,       // std::string, a real calendar date YYYY-MM-DD
  kNameList,   // std::vector<std::string>, all different
  kLevelList,  // std::vector<double>, ascending
};

// What a change of the value calls for.
enum class KeyScope { kIdentity, kTraining, kDeployment };

struct ValueRange {
  double minimum = 0;
  double maximum = 0;
  bool above_minimum = false;  // the minimum itself is not allowed
  bool below_maximum = false;
  [[nodiscard]] bool Contains(double value) const;
  [[nodiscard]] std::string Text() const;  // "at least 0 and below 1"
};

struct Key {
  std::string path;  // "training.hyperparameters.epochs"
  KeyType type = KeyType::kInteger;
  KeyScope scope = KeyScope::kTraining;
  std::string help;
  // Numbers and each of a list of numbers: the value; texts: the length in bytes.
  ValueRange range = {};
  std::vector<std::string> choices = {};
  std::size_t max_items = 0;  // lists: at least one, at most this many
  // Where no file has the key, std::monostate for no value; neither of the two makes it required.
  std::optional<Value> fallback = {};
  // Made of the values read so far, with the words that say what it is.
  Value (*derived)(const CircuitConfig&) = nullptr;
  std::string derived_text = {};
  Value (*get)(const CircuitConfig&) = nullptr;
  void (*set)(CircuitConfig&, const Value&) = nullptr;  // `value` holds the type's alternative

  [[nodiscard]] bool required() const { return !fallback && derived == nullptr; }
};

// In the order of the canonical form and of reports.
[[nodiscard]] const std::vector<Key>& CircuitKeys();

// Index into CircuitKeys, or nullopt.
[[nodiscard]] std::optional<std::size_t> FindCircuitKey(const std::string& path);

// A mapping that holds keys, or further sections.
struct Section {
  std::string path;  // "training.hyperparameters"
  std::string help;
};

// In the order of the table; the file itself is not among them.
[[nodiscard]] const std::vector<Section>& CircuitSections();

// Whether some key lies under `path` ("training.hyperparameters"); "" is the file itself.
[[nodiscard]] bool IsSection(const std::string& path);

// The names right under a section, in the order of the table.
[[nodiscard]] std::vector<std::string> ChildrenOf(const std::string& section);

// A value as people read it: 50, 0.2, 2025-12-09, [temperature, pressure], none.
[[nodiscard]] std::string ValueText(const Value& value);

// "a whole number", "a list of names": for messages and documents.
[[nodiscard]] const char* TypeText(KeyType type);

// The shortest text that reads back as the same number: 50, 0.001, 1e-05.
[[nodiscard]] std::string NumberText(double number);

}  // namespace fleetcast::config
