// `fleetcast config validate`: everything that is wrong with a revision, or with files.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddConfigValidateCommand(CLI::App& noun, Session& session);

}  // namespace fleetcast::cli
