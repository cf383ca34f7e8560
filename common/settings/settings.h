// A service's settings: each read once at start, from (strongest first) the command line
// `--max-parallel 5`, the environment `FLEETCAST_TRAINER_MAX_PARALLEL`, the YAML file named by
// `--settings FILE` (where `sensor_csv: {decimal: comma}` is sensor_csv_decimal), or its default. A
// bad or unknown one stops the process with one clear line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast {

// Reads settings by name (lower_snake). Every name asked for becomes known: Finish reports all
// problems at once, and every given setting that nobody asked for. Not thread safe.
class SettingsReader {
 public:
  // `program` is "fleetcast-trainer", `env_prefix` "FLEETCAST_TRAINER", `about` the first line of
  // --help.
  SettingsReader(std::string program, std::string env_prefix, std::string about, int argc,
                 const char* const* argv);
  ~SettingsReader();

  std::string String(const std::string& name, const std::string& fallback, const std::string& help);
  // A string without default: missing is an error.
  std::string RequiredString(const std::string& name, const std::string& help);
  std::int64_t Int(const std::string& name, std::int64_t fallback, std::int64_t minimum,
                   std::int64_t maximum, const std::string& help);
  // One of `choices`.
  std::string Choice(const std::string& name, const std::string& fallback,
                     const std::vector<std::string>& choices, const std::string& help);
  bool Bool(const std::string& name, bool fallback, const std::string& help);
  // "30s", "5m", "1h30m", "250ms"; at least `minimum`.
  absl::Duration Duration(const std::string& name, absl::Duration fallback, const std::string& help,
                          absl::Duration minimum = absl::ZeroDuration());
  // What else is wrong with the value of a setting that was read.
  void Refuse(const std::string& name, const std::string& problem);

  // True if --help was given: print HelpText() and exit 0.
  [[nodiscard]] bool help_requested() const;
  [[nodiscard]] std::string HelpText() const;

  // To be called after the last read. INVALID_ARGUMENT that names every bad or unknown setting,
  // where it was given and what would be right.
  [[nodiscard]] absl::Status Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast
