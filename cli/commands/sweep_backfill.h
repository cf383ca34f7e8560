// `fleetcast sweep backfill`: the forecasts of a range of issue times.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddBackfillVerb(CLI::App& noun, Session& session);

}  // namespace fleetcast::cli
