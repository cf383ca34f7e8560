#include "cli/commands/completion.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

// 'name:about' as zsh's _describe reads it.
std::string Described(const std::string& name, const std::string& about) {
  return "'" + absl::StrReplaceAll(name + ":" + about, {{"'", "'\\''"}}) + "'";
}

// What follows a path: its commands and options, each with what it is about.
std::vector<std::pair<std::string, std::string>> Entries(const CLI::App& command) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto* child : command.get_subcommands([](const CLI::App*) { return true; }))
    entries.emplace_back(child->get_name(), child->get_description());
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      entries.emplace_back("--" + name, option->get_description());
  return entries;
}

std::string ZshCase(const std::string& path, const CLI::App& command) {
  std::string text = "    '" + path + "') entries=(";
  for (const auto& [name, about] : Entries(command)) text += "\n      " + Described(name, about);
  return text + ") ;;\n";
}

std::string ZshScript(const CLI::App& root) {
  std::string cases = ZshCase("", root);
  for (const auto* noun : root.get_subcommands([](const CLI::App*) { return true; })) {
    cases += ZshCase(noun->get_name(), *noun);
    for (const auto* verb : noun->get_subcommands([](const CLI::App*) { return true; }))
      cases += ZshCase(noun->get_name() + " " + verb->get_name(), *verb);
  }
  return R"(#compdef fleetcast
# zsh completion for fleetcast; load it with: source <(fleetcast completion zsh)
_fleetcast() {
  local so_far="" i
  local -a entries
  case "${words[CURRENT-1]}" in
    -o|--output) compadd table json yaml; return ;;
    --data-dir|--config-repo|--sensor-data|--out) _files -/; return ;;
  esac
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    [[ ${words[i]} == -* ]] && break
    so_far="${so_far:+$so_far }${words[i]}"
  done
  case "$so_far" in
)" + cases +
         R"(  esac
  _describe 'fleetcast' entries
}
compdef _fleetcast fleetcast
)";
}

std::string FishQuoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

// A line for each command and option that may follow where `condition` holds.
std::string FishLines(const std::string& condition, const CLI::App& command) {
  std::string lines;
  const auto add = [&](const std::string& what, const std::string& about) {
    absl::StrAppend(&lines, "complete -c fleetcast -n ", FishQuoted(condition), " ", what, " -d ",
                    FishQuoted(about), "\n");
  };
  for (const auto* child : command.get_subcommands([](const CLI::App*) { return true; }))
    add("-a " + FishQuoted(child->get_name()), child->get_description());
  for (const auto* option : command.get_options())
    for (const auto& name : option->get_lnames())
      add(absl::StrCat("-l ", name, option->get_type_size() == 0 ? "" : " -r"),
          option->get_description());
  return lines;
}

std::string FishScript(const CLI::App& root) {
  std::string script =
      "# fish completion for fleetcast; load it with: fleetcast completion fish | source\n"
      "function __fleetcast_is\n"
      "  set -l given (commandline -opc)[2..]\n"
      "  test (count $given) -ge (count $argv); or return 1\n"
      "  for i in (seq (count $argv))\n"
      "    test \"$given[$i]\" = \"$argv[$i]\"; or return 1\n"
      "  end\n"
      "end\n"
      "complete -c fleetcast -f\n";
  script += FishLines("test (count (commandline -opc)) -eq 1", root);
  for (const auto* noun : root.get_subcommands([](const CLI::App*) { return true; })) {
    script += FishLines(
        "__fleetcast_is " + noun->get_name() + "; and test (count (commandline -opc)) -eq 2",
        *noun);
    for (const auto* verb : noun->get_subcommands([](const CLI::App*) { return true; }))
      script += FishLines("__fleetcast_is " + noun->get_name() + " " + verb->get_name(), *verb);
  }
  return script;
}

}  // namespace

void AddCompletionCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "completion", "completion scripts for shells");
  AddVerb(noun, session,
          {.name = "zsh",
           .about = "print the script for zsh",
           .examples = "source <(fleetcast completion zsh)\n"
                       "fleetcast completion zsh > \"${fpath[1]}/_fleetcast\""},
          [&app] {
            std::cout << ZshScript(app);
            return absl::OkStatus();
          });
  AddVerb(noun, session,
          {.name = "fish",
           .about = "print the script for fish",
           .examples = "fleetcast completion fish | source\n"
                       "fleetcast completion fish > ~/.config/fish/completions/fleetcast.fish"},
          [&app] {
            std::cout << FishScript(app);
            return absl::OkStatus();
          });
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
