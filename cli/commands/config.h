// `fleetcast config`: what a revision of the configuration repository says.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddConfigCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
