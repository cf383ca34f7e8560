// `fleetcast model`: model versions and champions.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddModelCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
