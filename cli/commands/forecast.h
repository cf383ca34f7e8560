// `fleetcast forecast`: the stored forecasts.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddForecastCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
