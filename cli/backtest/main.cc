// `fleetcast backtest`, which `fleetcast` hands over to this program.
#include <CLI/CLI.hpp>

#include "cli/backtest/run_backtest.h"
#include "cli/command.h"
#include "cli/commands/backtest.h"
#include "cli/session.h"

int main(int argc, char** argv) {
  using namespace fleetcast::cli;
  CLI::App app("How good would forecasts of a file's columns have been?", "fleetcast");
  PrepareRoot(app, FLEETCAST_VERSION);
  Session session;
  session.AddGlobalOptions(app);
  AddBacktestCommand(app, session, [&session](const BacktestOptions& options) {
    return RunBacktest(options, session);
  });
  return RunCommandLine(app, session, argc, argv);
}
