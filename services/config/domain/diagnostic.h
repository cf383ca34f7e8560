// One thing that is wrong, or doubtful, in a configuration file: where, what, and what to do.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

namespace fleetcast::config {

// A place in a file, counted from 1, columns in bytes; 0, 0 for the file as a whole.
struct Mark {
  int line = 0;
  int column = 0;
  friend bool operator==(const Mark&, const Mark&) = default;
};

enum class Severity { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string path;  // from the repository's root; filled in where the file's path is known
  Mark mark;
  std::string field;   // "training.hyperparameters.epochs"
  std::string reason;  // UPPER_SNAKE
  std::string message;
  std::string remedy;
  std::string plant_id, circuit_id;  // empty where the diagnostic is about no single one
};

using Diagnostics = std::vector<Diagnostic>;

[[nodiscard]] inline bool HasError(const Diagnostics& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics)
    if (diagnostic.severity == Severity::kError) return true;
  return false;
}

// Memory, with that of the texts.
[[nodiscard]] inline std::size_t ApproximateBytes(const Diagnostics& diagnostics) {
  std::size_t bytes = diagnostics.capacity() * sizeof(Diagnostic);
  for (const Diagnostic& diagnostic : diagnostics)
    bytes += diagnostic.path.size() + diagnostic.field.size() + diagnostic.message.size() +
             diagnostic.remedy.size();
  return bytes;
}

// The order in which they are reported; equal ones say the same of the same place.
[[nodiscard]] inline auto ReportOrder(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.path, diagnostic.mark.line, diagnostic.mark.column, diagnostic.field,
                  diagnostic.reason, diagnostic.message);
}

}  // namespace fleetcast::config
