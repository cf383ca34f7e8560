// What `fleetcast backtest` is told, and what that means.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/backtest.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

// The flags as given.
struct BacktestOptions {
  std::string csv;
  std::vector<std::string> targets, features;
  std::size_t train = 0, validation = 0, test = 0;
  int horizon = 24, seeds = 1;
  std::vector<std::string> settings;  // "hyperparameters.sequence_length=96"
  bool by_step = false, members = false;
};

// `options` must outlive parsing.
void AddBacktestFlags(CLI::App& verb, BacktestOptions& options);

// One request per target, for readings of `columns`. "all" as a target means every column; without
// --features every column is given to every model; without --train, --validation and --test the
// parts are those of a training job. INVALID_ARGUMENT naming the flag.
[[nodiscard]] absl::StatusOr<std::vector<forecast::BacktestRequest>> ParseBacktest(
    const BacktestOptions& options, const std::vector<std::string>& columns);

}  // namespace fleetcast::cli
