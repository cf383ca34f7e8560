// `fleetcast schedule`: sweeps by the clock.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddScheduleCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
