#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/commands/backtest.h"
#include "cli/commands/completion.h"
#include "cli/commands/config.h"
#include "cli/commands/data.h"
#include "cli/commands/db.h"
#include "cli/commands/deployment.h"
#include "cli/commands/fleet.h"
#include "cli/commands/forecast.h"
#include "cli/commands/local.h"
#include "cli/commands/model.h"
#include "cli/commands/pool.h"
#include "cli/commands/release.h"
#include "cli/commands/schedule.h"
#include "cli/commands/sweep.h"
#include "cli/commands/tracking.h"
#include "cli/commands/training.h"
#include "cli/session.h"

int main(int argc, char** argv) {
  using namespace fleetcast::cli;
  CLI::App app("One forecasting model per sensor circuit, for whole fleets of plants.",
               "fleetcast");
  PrepareRoot(app, FLEETCAST_VERSION);
  Session session;
  session.AddGlobalOptions(app);
  AddConfigCommands(app, session);
  AddTrainingCommands(app, session);
  AddModelCommands(app, session);
  AddTrackingCommands(app, session);
  AddDeploymentCommands(app, session);
  AddSweepCommands(app, session);
  AddScheduleCommands(app, session);
  AddForecastCommands(app, session);
  AddFleetCommands(app, session);
  AddPoolCommands(app, session);
  AddReleaseCommands(app, session);
  AddCircuitCommands(app, session);
  AddDataCommands(app, session);
  AddBacktestCommand(app, session, argv);
  AddDbCommands(app, session);
  AddLocalCommands(app, session);
  AddCompletionCommands(app, session);
  return RunCommandLine(app, session, argc, argv);
}
