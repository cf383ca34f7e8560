#include "cli/commands/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command.h"
#include "cli/session.h"

namespace fleetcast::cli {
namespace {

// What may follow an option.
enum class Takes { kNothing, kWords, kFolder, kFile, kAnything };

struct Offer {
  std::vector<std::string> names;  // "--output", "-o"
  std::string about;
  Takes takes = Takes::kNothing;
  std::vector<std::string> words;  // with kWords
};

// A command, or a noun: "schedule", "schedule create"; "" for the root.
struct Place {
  std::string path;
  bool leaf = false;                                          // no command follows
  std::vector<std::pair<std::string, std::string>> commands;  // each with what it is about
  std::vector<Offer> options;
};

// The words that the option takes, as its check says them: "TEXT:{skip,queue,replace}".
std::vector<std::string> WordsOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find(":{");
  if (open == std::string::npos || type.back() != '}') return {};
  return absl::StrSplit(type.substr(open + 2, type.size() - open - 3), ',');
}

Takes TakesOf(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return Takes::kNothing;
  if (!WordsOf(option).empty()) return Takes::kWords;
  const auto is_one_of = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return option.check_lname(name); });
  };
  if (is_one_of({"actuals", "config", "config-repo", "data-dir", "hold-out-dir", "sensor-data"}))
    return Takes::kFolder;
  if (is_one_of({"csv", "forecasts", "out", "plot"})) return Takes::kFile;
  return Takes::kAnything;
}

Place PlaceOf(const std::string& path, const CLI::App& command) {
  Place place{.path = path};
  for (const auto* child : command.get_subcommands([](const CLI::App*) { return true; }))
    place.commands.emplace_back(child->get_name(), child->get_description());
  place.leaf = place.commands.empty();
  for (const auto* option : command.get_options()) {
    Offer offer{.names = {},
                .about = option->get_description(),
                .takes = TakesOf(*option),
                .words = WordsOf(*option)};
    for (const auto& name : option->get_lnames()) offer.names.push_back("--" + name);
    for (const auto& name : option->get_snames()) offer.names.push_back("-" + name);
    if (!offer.names.empty()) place.options.push_back(std::move(offer));
  }
  return place;
}

// The root first, then its nouns, each before its verbs.
std::vector<Place> Places(const CLI::App& root) {
  std::vector<Place> places = {PlaceOf("", root)};
  for (const auto* noun : root.get_subcommands([](const CLI::App*) { return true; })) {
    places.push_back(PlaceOf(noun->get_name(), *noun));
    for (const auto* verb : noun->get_subcommands([](const CLI::App*) { return true; }))
      places.push_back(PlaceOf(noun->get_name() + " " + verb->get_name(), *verb));
  }
  return places;
}

bool IsLong(const std::string& option) { return option.starts_with("--"); }

// Global options that take a value: they may stand before the noun and the verb.
std::string GlobalsWithValue(const Place& root) {
  std::vector<std::string> names;
  for (const Offer& option : root.options)
    if (option.takes != Takes::kNothing)
      names.insert(names.end(), option.names.begin(), option.names.end());
  return absl::StrJoin(names, "|");
}

// Commands that are no noun: what follows them is no verb.
std::string LeavesOfRoot(const std::vector<Place>& places) {
  std::vector<std::string> leaves;
  for (const Place& place : places)
    if (place.leaf && place.path.find(' ') == std::string::npos) leaves.push_back(place.path);
  return absl::StrJoin(leaves, "|");
}

// The cases of what follows the option that stands before the cursor, `"$path $previous"` as bash
// and zsh read it; global options follow every path.
std::string ValueCases(const std::vector<Place>& places,
                       const std::function<std::string(const Offer&)>& offered) {
  std::string cases;
  for (const Place& place : places)
    for (const Offer& option : place.options) {
      if (option.takes == Takes::kNothing) continue;
      const std::string before = place.path.empty() ? "*' " : "'" + place.path + " ";
      const std::string patterns =
          absl::StrJoin(option.names, "|", [&](std::string* out, const std::string& name) {
            absl::StrAppend(out, before, name, "'");
          });
      absl::StrAppend(&cases, "    ", patterns, ") ", offered(option), "return ;;\n");
    }
  return cases;
}

std::string BashScript(const std::vector<Place>& places) {
  const std::string values = ValueCases(places, [](const Offer& option) -> std::string {
    switch (option.takes) {
      case Takes::kWords:
        return "COMPREPLY=($(compgen -W \"" + absl::StrJoin(option.words, " ") +
               "\" -- \"$current\")); ";
      case Takes::kFolder:
        return "COMPREPLY=($(compgen -d -- \"$current\")); ";
      case Takes::kFile:
        return "COMPREPLY=($(compgen -f -- \"$current\")); ";
      case Takes::kNothing:
      case Takes::kAnything:
        return "";
    }
    return "";
  });
  std::string cases;
  for (const Place& place : places) {
    std::vector<std::string> words;
    for (const auto& [name, about] : place.commands) words.push_back(name);
    for (const Offer& option : place.options)
      std::copy_if(option.names.begin(), option.names.end(), std::back_inserter(words), IsLong);
    absl::StrAppend(&cases, "    \"", place.path, "\") words=\"", absl::StrJoin(words, " "),
                    "\" ;;\n");
  }
  return absl::StrCat(
      R"(# bash completion for fleetcast; load it with: source <(fleetcast completion bash)
_fleetcast() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path="" words="" i
  COMPREPLY=()
  # Bash takes "--output=js" for three words.
  if [[ $current == = ]]; then current=""
  elif [[ $previous == = ]]; then previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path" in *" "*|)",
      LeavesOfRoot(places), R"() break ;; esac
    case "${COMP_WORDS[i]}" in
      )",
      GlobalsWithValue(places.front()),
      R"() [[ ${COMP_WORDS[i+1]} == = ]] && ((i++)); ((i++)) ;;
      -*|=) ;;
      *) path="${path:+$path }${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $previous" in
)",
      values, R"(  esac
  case "$path" in
)",
      cases, R"(  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _fleetcast fleetcast
)");
}

// 'name:about' as zsh's _describe reads it.
std::string Described(const std::string& name, const std::string& about) {
  return "'" + absl::StrReplaceAll(name + ":" + about, {{"'", "'\\''"}}) + "'";
}

std::string ZshScript(const std::vector<Place>& places) {
  const std::string values = ValueCases(places, [](const Offer& option) -> std::string {
    switch (option.takes) {
      case Takes::kWords:
        return "compadd " + absl::StrJoin(option.words, " ") + "; ";
      case Takes::kFolder:
        return "_files -/; ";
      case Takes::kFile:
        return "_files; ";
      case Takes::kNothing:
      case Takes::kAnything:
        return "";
    }
    return "";
  });
  std::string cases;
  for (const Place& place : places) {
    absl::StrAppend(&cases, "    '", place.path, "') entries=(");
    for (const auto& [name, about] : place.commands)
      absl::StrAppend(&cases, "\n      ", Described(name, about));
    for (const Offer& option : place.options)
      for (const auto& name : option.names)
        if (IsLong(name)) absl::StrAppend(&cases, "\n      ", Described(name, option.about));
    cases += ") ;;\n";
  }
  return absl::StrCat(R"(#compdef fleetcast
# zsh completion for fleetcast; load it with: source <(fleetcast completion zsh)
_fleetcast() {
  local so_far="" previous=${words[CURRENT-1]} i
  local -a entries
  if [[ ${words[CURRENT]} == --*=* ]]; then
    previous=${words[CURRENT]%%=*}
    compset -P '*='
  fi
  for ((i = 2; i < CURRENT; i++)); do
    case "$so_far" in *" "*|)",
                      LeavesOfRoot(places), R"() break ;; esac
    case "${words[i]}" in
      )",
                      GlobalsWithValue(places.front()), R"() ((i++)) ;;
      -*) ;;
      *) so_far="${so_far:+$so_far }${words[i]}" ;;
    esac
  done
  case "$so_far $previous" in
)",
                      values, R"(  esac
  case "$so_far" in
)",
                      cases, R"(  esac
  _describe 'fleetcast' entries
}
compdef _fleetcast fleetcast
)");
}

std::string FishQuoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

std::string FishOption(const Offer& option) {
  std::string line;
  for (const auto& name : option.names)
    absl::StrAppend(&line, IsLong(name) ? " -l " : " -s ", name.substr(IsLong(name) ? 2 : 1));
  switch (option.takes) {
    case Takes::kNothing:
      return line;
    case Takes::kWords:
      return absl::StrCat(line, " -x -a ", FishQuoted(absl::StrJoin(option.words, " ")));
    case Takes::kFolder:
      return line + " -x -a '(__fish_complete_directories)'";
    case Takes::kFile:
      return line + " -r -F";
    case Takes::kAnything:
      return line + " -x";
  }
  return line;
}

// The commands and options that may follow a path. Global options may stand anywhere.
std::string FishLines(const Place& place) {
  const std::string is = place.path.empty() ? "__fleetcast_is" : "__fleetcast_is " + place.path;
  const std::string here = "complete -c fleetcast -n " + FishQuoted(is);
  std::string lines;
  for (const auto& [name, about] : place.commands)
    absl::StrAppend(&lines, here, " -a ", FishQuoted(name), " -d ", FishQuoted(about), "\n");
  for (const Offer& option : place.options)
    absl::StrAppend(&lines, place.path.empty() ? "complete -c fleetcast" : here, FishOption(option),
                    " -d ", FishQuoted(option.about), "\n");
  return lines;
}

std::string FishScript(const std::vector<Place>& places) {
  std::string script = absl::StrCat(
      R"(# fish completion for fleetcast; load it with: fleetcast completion fish | source
# Whether the noun and the verb before the cursor are these, whatever global options are among them.
function __fleetcast_is
  set -l path
  set -l is_value 0
  for word in (commandline -opc)[2..]
    if test $is_value -eq 1
      set is_value 0
      continue
    end
    switch $word
      case )",
      absl::StrReplaceAll(GlobalsWithValue(places.front()), {{"|", " "}}), R"(
        set is_value 1
      case '-*'
      case '*'
        set -a path $word
    end
    contains -- "$path" )",
      absl::StrReplaceAll(LeavesOfRoot(places), {{"|", " "}}), R"(; and break
    test (count $path) -eq 2; and break
  end
  test "$path" = "$argv"
end
complete -c fleetcast -f
)");
  for (const Place& place : places) script += FishLines(place);
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
            std::cout << ZshScript(Places(app));
            return absl::OkStatus();
          });
  AddVerb(noun, session,
          {.name = "fish",
           .about = "print the script for fish",
           .examples = "fleetcast completion fish | source\n"
                       "fleetcast completion fish > ~/.config/fish/completions/fleetcast.fish"},
          [&app] {
            std::cout << FishScript(Places(app));
            return absl::OkStatus();
          });
  AddVerb(noun, session,
          {.name = "bash",
           .about = "print the script for bash",
           .examples = "source <(fleetcast completion bash)\n"
                       "fleetcast completion bash > /etc/bash_completion.d/fleetcast"},
          [&app] {
            std::cout << BashScript(Places(app));
            return absl::OkStatus();
          });
}

}  // namespace fleetcast::cli
