// fleetcast local up|status|logs|down: a whole Fleetcast on this machine.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddLocalCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
