// `fleetcast sweep`: forecasts for the fleet, now.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddSweepCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
