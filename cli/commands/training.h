// `fleetcast training`: start, follow, cancel and retry training runs.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddTrainingCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
