#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

// `data check FILE|SENSOR`.
void AddDataCheckVerb(CLI::App& noun, Session& session);

}  // namespace fleetcast::cli
