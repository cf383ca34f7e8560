// `fleetcast pool`: limits and pauses of work; and the verbs by which training runs and sweeps are
// paused and moved.
#pragma once

#include <string>

#include "cli/targets.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

void AddPoolCommands(CLI::App& app, Session& session);

// What the verbs of `fleetcast training` and `fleetcast sweep` that pause and move work need to
// know.
struct WorkNoun {
  std::string command;  // "training"
  Service service;
  std::string collection;  // "trainingRuns"
  std::string tasks;       // "jobs"
};
// pause, resume and move of a whole group or of one circuit's task in it.
void AddWorkVerbs(CLI::App& noun, Session& session, const WorkNoun& work);

}  // namespace fleetcast::cli
