#include "common/settings/settings.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/nearest_word.h"
#include "common/base/status.h"

extern char** environ;

namespace fleetcast {
namespace {

// A setting's text and where it was given: "--max-parallel", "$FLEETCAST_TRAINER_MAX_PARALLEL".
struct Given {
  std::string text;
  std::string place;
};

std::string FlagOf(const std::string& name) {
  return "--" + absl::StrReplaceAll(name, {{"_", "-"}});
}

// Kubernetes puts FLEETCAST_TRAINER_SERVICE_HOST, …_PORT_7002_TCP and the like beside a service of
// that name, and FLEETCAST_TRAINER_TARGET tells the command line where the service is; they are
// nobody's settings.
bool IsServiceLink(const std::string& name) {
  return absl::StartsWith(name, "service_") || name == "port" || absl::StartsWith(name, "port_") ||
         name == "target";
}

}  // namespace

struct SettingsReader::State {
  std::string program, env_prefix, about;
  std::map<std::string, Given> flags, variables, file;  // by name, each weaker than the one before
  std::vector<std::string> known;
  std::vector<std::string> help;
  std::vector<FieldViolation> problems;
  bool help_requested = false;

  void Problem(std::string place, std::string description) {
    problems.push_back({std::move(place), std::move(description)});
  }

  void ReadFlags(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      if (argument == "--help" || argument == "-h") {
        help_requested = true;
        continue;
      }
      if (!absl::StartsWith(argument, "--") || argument.size() < 3) {
        Problem(argument, "is not a setting; settings are given as --name value");
        continue;
      }
      const std::size_t equals = argument.find('=');
      const std::string flag = argument.substr(0, equals);
      std::string text = "true";
      if (equals != std::string::npos)
        text = argument.substr(equals + 1);
      else if (i + 1 < argc && !absl::StartsWith(argv[i + 1], "--"))
        text = argv[++i];
      const std::string name = absl::StrReplaceAll(flag.substr(2), {{"-", "_"}});
      if (!flags.insert({name, {text, flag}}).second) Problem(flag, "is given twice");
    }
  }

  void ReadEnvironment() {
    const std::string prefix = env_prefix + "_";
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string text = *variable;
      const std::size_t equals = text.find('=');
      if (equals == std::string::npos || !absl::StartsWith(text, prefix)) continue;
      const std::string name =
          absl::AsciiStrToLower(text.substr(prefix.size(), equals - prefix.size()));
      if (!IsServiceLink(name))
        variables[name] = {text.substr(equals + 1), "$" + text.substr(0, equals)};
    }
  }

  void AddFromFile(const std::string& path, const YAML::Node& key, const std::string& name,
                   const YAML::Node& value) {
    const std::string place = absl::StrCat(path, ":", key.Mark().line + 1, " ", name);
    if (!value.IsScalar())
      Problem(place, "must be a single value");
    else if (!file.insert({name, {value.as<std::string>(), place}}).second)
      Problem(place, "is given twice");
  }

  void ReadFile(const std::string& path) {
    try {
      const YAML::Node root = YAML::LoadFile(path);
      if (root.IsNull()) return;
      if (!root.IsMap()) return Problem(path, "is not a mapping of settings to values");
      for (const auto& entry : root) {
        const auto name = entry.first.as<std::string>();
        if (!entry.second.IsMap()) {
          AddFromFile(path, entry.first, name, entry.second);
          continue;
        }
        for (const auto& inner : entry.second)  // sensor_csv: {decimal: comma}
          AddFromFile(path, inner.first, name + "_" + inner.first.as<std::string>(), inner.second);
      }
    } catch (const YAML::BadFile&) {
      Problem(path, "cannot be read");
    } catch (const YAML::Exception& exception) {
      Problem(absl::StrCat(path, ":", exception.mark.line + 1), exception.msg);
    }
  }

  // Makes `name` known; what was given for it, if anything was.
  std::optional<Given> Find(const std::string& name, const std::string& fallback,
                            const std::string& help_text) {
    known.push_back(name);
    help.push_back(absl::StrCat("  ", FlagOf(name), "\n      ", help_text,
                                fallback.empty() ? "" : " (default: " + fallback + ")"));
    return Strongest(name);
  }

  [[nodiscard]] std::optional<Given> Strongest(const std::string& name) const {
    for (const auto* source : {&flags, &variables, &file})
      if (const auto found = source->find(name); found != source->end()) return found->second;
    return std::nullopt;
  }

  [[nodiscard]] std::string Suggestion(const std::string& name) const {
    const auto nearest = NearestWord(name, known);
    return nearest ? absl::StrCat("; did you mean ", FlagOf(*nearest), "?")
                   : "; --help lists the settings";
  }
};

SettingsReader::SettingsReader(std::string program, std::string env_prefix, std::string about,
                               int argc, const char* const* argv)
    : state_(std::make_unique<State>()) {
  state_->program = std::move(program);
  state_->env_prefix = std::move(env_prefix);
  state_->about = std::move(about);
  state_->ReadFlags(argc, argv);
  state_->ReadEnvironment();
  const auto file = state_->Find("settings", "", "YAML file of settings, lower_snake: value");
  if (file) state_->ReadFile(file->text);
}

SettingsReader::~SettingsReader() = default;

std::string SettingsReader::String(const std::string& name, const std::string& fallback,
                                   const std::string& help) {
  const auto given = state_->Find(name, fallback, help);
  return given ? given->text : fallback;
}

std::string SettingsReader::RequiredString(const std::string& name, const std::string& help) {
  const auto given = state_->Find(name, "", help + " (required)");
  if (given && !given->text.empty()) return given->text;
  state_->Problem(FlagOf(name), absl::StrCat("is required: ", help));
  return "";
}

std::int64_t SettingsReader::Int(const std::string& name, std::int64_t fallback,
                                 std::int64_t minimum, std::int64_t maximum,
                                 const std::string& help) {
  const auto given = state_->Find(name, absl::StrCat(fallback), help);
  if (!given) return fallback;
  std::int64_t value = 0;
  if (absl::SimpleAtoi(given->text, &value) && value >= minimum && value <= maximum) return value;
  state_->Problem(given->place, absl::StrCat("\"", given->text, "\" is not a whole number from ",
                                             minimum, " to ", maximum));
  return fallback;
}

std::string SettingsReader::Choice(const std::string& name, const std::string& fallback,
                                   const std::vector<std::string>& choices,
                                   const std::string& help) {
  const auto given = state_->Find(name, fallback, help);
  if (!given) return fallback;
  if (std::find(choices.begin(), choices.end(), given->text) != choices.end()) return given->text;
  state_->Problem(given->place, absl::StrCat("\"", given->text, "\" is not one of ",
                                             absl::StrJoin(choices, ", ")));
  return fallback;
}

bool SettingsReader::Bool(const std::string& name, bool fallback, const std::string& help) {
  const auto given = state_->Find(name, fallback ? "true" : "false", help);
  if (!given) return fallback;
  if (given->text == "true") return true;
  if (given->text == "false") return false;
  state_->Problem(given->place,
                  absl::StrCat("\"", given->text, "\" is neither \"true\" nor \"false\""));
  return fallback;
}

absl::Duration SettingsReader::Duration(const std::string& name, absl::Duration fallback,
                                        const std::string& help, absl::Duration minimum) {
  const auto given = state_->Find(name, absl::FormatDuration(fallback), help);
  if (!given) return fallback;
  absl::Duration value;
  if (!absl::ParseDuration(given->text, &value) || value < absl::ZeroDuration() ||
      value == absl::InfiniteDuration())
    state_->Problem(given->place,
                    absl::StrCat("\"", given->text, "\" is not a duration like 30s, 5m or 1h30m"));
  else if (value < minimum)
    state_->Problem(given->place, absl::StrCat("must be at least ", absl::FormatDuration(minimum)));
  else
    return value;
  return fallback;
}

void SettingsReader::Refuse(const std::string& name, const std::string& problem) {
  const auto given = state_->Strongest(name);
  state_->Problem(given ? given->place : FlagOf(name), problem);
}

bool SettingsReader::help_requested() const { return state_->help_requested; }

std::string SettingsReader::HelpText() const {
  return absl::StrCat(state_->about, "\n\nUsage: ", state_->program, " [--name value]...\n\n",
                      "Each setting can also come from the environment (", state_->env_prefix,
                      "_NAME)\nor from the YAML file that --settings names; flags win.\n\n",
                      absl::StrJoin(state_->help, "\n"), "\n");
}

absl::Status SettingsReader::Finish() const {
  std::vector<FieldViolation> problems = state_->problems;
  const std::set<std::string> known(state_->known.begin(), state_->known.end());
  for (const auto* source : {&state_->flags, &state_->variables, &state_->file})
    for (const auto& [name, given] : *source)
      if (!known.contains(name))
        problems.push_back(
            {given.place, "is not a setting of " + state_->program + state_->Suggestion(name)});
  return problems.empty() ? absl::OkStatus() : InvalidFields(std::move(problems));
}

}  // namespace fleetcast
