// What `fleetcast backtest` does: the one place of the command line that links LibTorch.
#pragma once

#include "absl/status/status.h"
#include "cli/commands/backtest_options.h"

namespace fleetcast::cli {

class Session;

// Progress and the data's irregularities go to standard error, the results to standard output.
[[nodiscard]] absl::Status RunBacktest(const BacktestOptions& options, Session& session);

}  // namespace fleetcast::cli
