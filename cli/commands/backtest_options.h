// What `fleetcast backtest` is told, and what that means.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/backtest.h"
#include "common/sensordata/source_settings.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

// The flags as given.
struct BacktestOptions {
  std::string csv;
  // In the place of a file and its targets: a circuit of the configuration in a folder.
  std::string circuit, config = ".";
  sensordata::SourceSettings sensors;
  std::vector<std::string> targets, features;
  std::size_t train = 0, validation = 0, test = 0;
  int horizon = 0, seeds = 1;  // horizon 0: 24, or the circuit's
  std::size_t refit_every = 0, origins = 0;
  std::vector<std::string> settings;  // "hyperparameters.sequence_length=96"
  bool base = false, by_step = false, members = false;
  std::string plot, forecasts;  // files to write
};

// `options` must outlive parsing.
void AddBacktestFlags(CLI::App& verb, BacktestOptions& options);

// One request per target, for readings of `columns`. "all" as a target means every column; without
// --features every column is given to every model; without --train, --validation and --test the
// parts are those of a training job. `circuit` is what the configuration says of a circuit, whose
// target and features are taken. INVALID_ARGUMENT naming the flag.
[[nodiscard]] absl::StatusOr<std::vector<forecast::BacktestRequest>> ParseBacktest(
    const BacktestOptions& options, const std::vector<std::string>& columns,
    const std::optional<forecast::ModelSpec>& circuit = std::nullopt);

// What of --csv, --target and --circuit goes together.
[[nodiscard]] absl::Status CheckSource(const BacktestOptions& options);

}  // namespace fleetcast::cli
