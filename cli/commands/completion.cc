#include "cli/commands/completion.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "cli/command.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

std::string Words(const CLI::App& command) {
  std::string words;
  for (const auto* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    words += child->get_name() + " ";
  }
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) words += "--" + name + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

std::string Case(const std::string& path, const CLI::App& command) {
  return "    \"" + path + "\") words=\"" + Words(command) + "\" ;;\n";
}

std::string BashScript(const CLI::App& root) {
  std::string cases = Case("", root);
  for (const auto* noun : root.get_subcommands([](const CLI::App*) { return true; })) {
    cases += Case(noun->get_name(), *noun);
    for (const auto* verb : noun->get_subcommands([](const CLI::App*) { return true; })) {
      cases += Case(noun->get_name() + " " + verb->get_name(), *verb);
    }
  }
  return R"(# bash completion for fleetcast; load it with: source <(fleetcast completion bash)
_fleetcast() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path="" words="" i
  case "$previous" in
    -o|--output) COMPREPLY=($(compgen -W "table json yaml" -- "$current")); return ;;
    --data-dir|--config-repo|--sensor-data|--out) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] && break
    path="${path:+$path }${COMP_WORDS[i]}"
  done
  case "$path" in
)" + cases +
         R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _fleetcast fleetcast
)";
}

}  // namespace

void AddCompletionCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "completion", "completion scripts for shells");
  AddVerb(noun, session,
          {.name = "bash",
           .about = "print the script for bash",
           .examples = "source <(fleetcast completion bash)\n"
                       "fleetcast completion bash > /etc/bash_completion.d/fleetcast"},
          [&app] {
            std::cout << BashScript(app);
            return absl::OkStatus();
          });
}

}  // namespace fleetcast::cli
