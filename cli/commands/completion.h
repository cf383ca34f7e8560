// `fleetcast completion bash`: a script that completes nouns, verbs and flags.
#pragma once

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

// To be added last: the script knows the commands that `app` has then.
void AddCompletionCommands(CLI::App& app, Session& session);

}  // namespace fleetcast::cli
