// fleetcast db migrate: the only thing that alters tables.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddDbCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
