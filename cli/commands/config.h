// `fleetcast config`: what a revision of the configuration repository says.
#pragma once

#include "fleetcast/config/v1/freshness.pb.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

// Says on standard error that an answer is from what the service fetched before, if it is.
void NoteStale(Session& session, const config::v1::Freshness& freshness);

void AddConfigCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
