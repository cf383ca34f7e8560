// How commands are put together: `fleetcast NOUN VERB`, each verb with its examples.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

class Session;

struct VerbText {
  std::string name;
  std::string about;
  std::string examples;    // one command a line, shown under --help
  bool annotates = false;  // also has -o github and -o azure
};

// The root's help, version and exit codes. To be called before nouns are added: they take over how
// help looks.
void PrepareRoot(CLI::App& app, const std::string& version);

// A noun; without a verb it prints its help.
CLI::App& AddNoun(CLI::App& app, const std::string& name, const std::string& about);

// A verb of `noun` that does `run`, whose error is reported and becomes the exit code. Options are
// added to the result and, being bound by reference, must outlive parsing: keep them in a
// shared_ptr that `run` captures.
CLI::App& AddVerb(CLI::App& noun, Session& session, const VerbText& text,
                  std::function<absl::Status()> run);

// Parses and carries out the command line; returns the process's exit code. An option or argument
// that is given and empty, or a list (whose type name ends in ",...") with an empty element, is a
// usage error, but for texts such as --reason. What an option means that is left out stands at the
// end of its description in brackets.
[[nodiscard]] int RunCommandLine(CLI::App& app, Session& session, int argc,
                                 const char* const* argv);

}  // namespace fleetcast::cli
