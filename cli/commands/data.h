// `fleetcast data simulate`: sensor data, and a configuration repository to go with it.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddDataCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
