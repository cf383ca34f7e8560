// `fleetcast fleet report`: the fleet as one HTML page, and as a table.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

// Adds a verb to the noun `fleet`.
void AddFleetReportVerb(CLI::App& noun, Session& session);

}  // namespace fleetcast::cli
