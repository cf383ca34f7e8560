// `fleetcast release` and `fleetcast circuit`.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddReleaseCommands(CLI::App& app, Session& session);
void AddCircuitCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
