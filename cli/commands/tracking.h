// `fleetcast experiment`, `run`, `data-asset` and `environment`: what trainings were given and what
// they measured, as the registry keeps it.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddTrackingCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
