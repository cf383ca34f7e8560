// `fleetcast deployment`: which model version forecasts which circuit.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddDeploymentCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
