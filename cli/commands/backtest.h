// fleetcast backtest: how good would forecasts of this file's columns have been?
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "cli/commands/backtest_options.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

// The command with its flags, doing `run`.
void AddBacktestCommand(CLI::App& app, Session& session,
                        std::function<absl::Status(const BacktestOptions&)> run);

// The command as `fleetcast` has it: `fleetcast-backtest` beside it does the work, with the same
// arguments, since loading LibTorch would cost every other command half a second.
void AddBacktestCommand(CLI::App& app, Session& session, char** argv);

}  // namespace fleetcast::cli
