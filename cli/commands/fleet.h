// `fleetcast fleet`: every circuit at a glance, over all services.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddFleetCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
