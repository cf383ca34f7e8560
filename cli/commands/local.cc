#include "cli/commands/local.h"

#include <google/protobuf/message.h>  // an incomplete one makes Show ambiguous

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/local/local.h"
#include "cli/local/log_tail.h"
#include "cli/output/table.h"
#include "cli/output/text.h"
#include "cli/session.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

constexpr absl::Duration kFollowInterval = absl::Milliseconds(200);

absl::StatusOr<std::string> DataDir(const Session& session) {
  if (!session.data_dir().empty()) return session.data_dir();
  return InvalidField("--data-dir", "is required: the folder in which the stack keeps everything");
}

absl::Status NoStack(const std::string& data_dir) {
  return Refused(absl::StatusCode::kNotFound, "NO_STACK",
                 absl::StrCat("there is no stack in ", data_dir,
                              "; `fleetcast local up --data-dir ", data_dir, "` starts one"),
                 {{"data_dir", data_dir}});
}

std::string Uptime(const ServiceHealth& service) {
  if (!service.service.process) return "";
  return DurationText(absl::Now() - service.service.start_time);
}

Style StyleOf(const std::string& health) {
  return health == "serving" ? Style::kGood : Style::kBad;
}

std::string StatusTable(const StackHealth& health, const Terminal& terminal) {
  Table table({{"SERVICE"},
               {"HEALTH"},
               {"PORT", Column::Align::kRight},
               {"PID", Column::Align::kRight},
               {"UPTIME", Column::Align::kRight},
               {"RESTARTS", Column::Align::kRight},
               {"LAST EXIT"}});
  table.AddRow({"postgres",
                {health.postgres, StyleOf(health.postgres)},
                "",
                absl::StrCat(health.record.postgres_pid),
                "",
                "",
                ""});
  for (const ServiceHealth& service : health.services) {
    const RunningService& running = service.service;
    table.AddRow({running.name,
                  {service.health, StyleOf(service.health)},
                  absl::StrCat(running.port),
                  running.process ? absl::StrCat(running.process->pid) : "",
                  Uptime(service),
                  absl::StrCat(running.restarts),
                  running.last_exit});
  }
  std::string text = table.Render(terminal);
  if (!health.supervised)
    text +=
        "\nThe supervisor was killed: `fleetcast local up` starts the stack again, "
        "`fleetcast local down` cleans up.\n";
  return text;
}

nlohmann::ordered_json StatusJson(const StackHealth& health) {
  nlohmann::ordered_json json = ToJson(health.record);
  json["supervised"] = health.supervised;
  json["postgres"] = health.postgres;
  for (std::size_t i = 0; i < health.services.size(); ++i)
    json["services"][i]["health"] = health.services[i].health;
  return json;
}

absl::Status ShowStatus(Session& session) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string data_dir, DataDir(session));
  FLEETCAST_ASSIGN_OR_RETURN(const auto health, Examine(data_dir));
  if (!health) return NoStack(data_dir);
  session.Show(StatusJson(*health),
               [&](const Terminal& terminal) { return StatusTable(*health, terminal); });
  if (!health->AllServe()) session.set_exit_code(ExitCode::kFailed);
  return absl::OkStatus();
}

struct UpFlags {
  StackOptions stack;
  bool foreground = false;
  // Those settings of services that people change most, as they were given.
  std::string lease, environment, slots, log_level;
};

// The flags as SERVICE.NAME=VALUE, before those given by --set so that the latter win.
std::vector<std::string> SettingsOf(const UpFlags& flags) {
  std::vector<std::string> settings;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) settings.push_back(absl::StrCat(name, "=", value));
  };
  add("trainer.lease", flags.lease);
  add("trainer.environment", flags.environment);
  add("trainer.slots", flags.slots);
  for (const char* service : {"config", "registry", "trainer", "inference"})
    add(absl::StrCat(service, ".log-level"), flags.log_level);
  settings.insert(settings.end(), flags.stack.settings.begin(), flags.stack.settings.end());
  return settings;
}

absl::Status BringUp(Session& session, const UpFlags& flags) {
  StackOptions options = flags.stack;
  FLEETCAST_ASSIGN_OR_RETURN(options.data_dir, DataDir(session));
  options.settings = SettingsOf(flags);
  std::error_code error;
  options.programs = std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
  const auto say = [&](const std::string& line) { session.Say(line); };
  if (flags.foreground) return UpInForeground(options, say).status();
  FLEETCAST_ASSIGN_OR_RETURN(const UpResult result, Up(options, say));
  session.Say(result == UpResult::kAlreadyRunning
                  ? absl::StrCat("the stack in ", options.data_dir,
                                 " is running already; options are not changed")
                  : absl::StrCat("the stack is up; --data-dir ", options.data_dir,
                                 " (or FLEETCAST_DATA_DIR) makes other commands use it"));
  session.Say("");
  return ShowStatus(session);
}

void AddUp(CLI::App& noun, Session& session) {
  const auto flags = std::make_shared<UpFlags>();
  CLI::App& up = AddVerb(
      noun, session,
      {.name = "up",
       .about = "start Postgres, config, registry, inference and trainers, and keep them running",
       .examples = "fleetcast local up --data-dir ~/fleet --config-repo ~/circuits "
                   "--sensor-data ~/sensors\n"
                   "fleetcast local up --data-dir ~/fleet --config-repo ~/circuits "
                   "--sensor-data ~/sensors --trainers 4 --port-base 7101\n"
                   "fleetcast local up … --set inference.log-level=debug"},
      [&session, flags] { return BringUp(session, *flags); });
  up.add_option("--config-repo", flags->stack.config_repo,
                "git repository of configurations; without it, --set config.remote-url=URL");
  up.add_option("--sensor-data", flags->stack.sensor_data, "folder of sensor data, SENSOR.csv each")
      ->required();
  up.add_option("--trainers", flags->stack.trainers, "trainer replicas")->capture_default_str();
  up.add_option("--port-base", flags->stack.port_base,
                "config's port; trainer +1, registry +2, inference +3, more trainers +10 and up")
      ->capture_default_str();
  up.add_option("--lease", flags->lease, "how long a trainer may be silent, such as 30s");
  up.add_option("--environment", flags->environment,
                "what the trainers run, such as custom-lstm-env:1.5.0");
  up.add_option("--slots", flags->slots, "jobs at once in each trainer");
  up.add_option("--log-level", flags->log_level, "debug, info, warning or error");
  up.add_option("--set", flags->stack.settings, "SERVICE.NAME=VALUE: any setting of a service")
      ->take_all();
  up.add_flag("--foreground", flags->foreground, "stay, and take the stack down at Ctrl-C");
}

struct LogFlags {
  std::vector<std::string> names;
  bool follow = false;
  std::size_t lines = 50;
};

// "trainer" means all its replicas.
absl::StatusOr<std::vector<std::string>> ChosenLogs(const std::string& data_dir,
                                                    const std::vector<std::string>& wanted) {
  const std::vector<std::string> all = LogNames(data_dir);
  if (all.empty()) return NoStack(data_dir);
  if (wanted.empty()) return all;
  std::vector<std::string> chosen;
  for (const std::string& name : wanted) {
    const std::size_t before = chosen.size();
    std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const std::string& log) {
      return log == name || log.starts_with(name + "-");
    });
    if (chosen.size() == before)
      return InvalidField("SERVICE", absl::StrCat("there is no log of \"", name, "\"; there is ",
                                                  absl::StrJoin(all, ", ")));
  }
  return chosen;
}

absl::Status ShowLogs(Session& session, const LogFlags& flags) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string data_dir, DataDir(session));
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                             ChosenLogs(data_dir, flags.names));
  const bool color = session.terminal().color;
  std::size_t width = 0;
  for (const std::string& name : names) width = std::max(width, name.size());
  const auto print = [&](const std::string& name, const std::string& line) {
    if (names.size() > 1)
      std::cout << Styled(name + std::string(width - name.size(), ' ') + " |", Style::kDim, color)
                << " ";
    std::cout << line << "\n";
  };
  LogTail tail(data_dir, names);
  tail.Last(flags.lines, print);
  std::cout.flush();
  const InterruptGuard guard;
  while (flags.follow && !Interrupted() && std::cout) {
    absl::SleepFor(kFollowInterval);
    tail.Added(print);
    std::cout.flush();
  }
  return absl::OkStatus();
}

void AddLogs(CLI::App& noun, Session& session) {
  const auto flags = std::make_shared<LogFlags>();
  CLI::App& logs = AddVerb(noun, session,
                           {.name = "logs",
                            .about = "what the services have written",
                            .examples = "fleetcast local logs --data-dir ~/fleet\n"
                                        "fleetcast local logs trainer --follow --data-dir ~/fleet"},
                           [&session, flags] { return ShowLogs(session, *flags); });
  logs.add_option("SERVICE", flags->names,
                  "config, registry, inference, trainer, trainer-1, postgres, supervisor …");
  logs.add_flag("--follow,-f", flags->follow, "go on with what is written from now on");
  logs.add_option("--lines", flags->lines, "of each log")->capture_default_str();
}

}  // namespace

void AddLocalCommands(CLI::App& app, Session& session) {
  CLI::App& noun = AddNoun(app, "local", "a whole Fleetcast on this machine");
  AddUp(noun, session);
  AddVerb(noun, session,
          {.name = "status",
           .about = "which processes run and serve; exit code 1 unless all do",
           .examples = "fleetcast local status --data-dir ~/fleet"},
          [&session] { return ShowStatus(session); });
  AddLogs(noun, session);
  AddVerb(noun, session,
          {.name = "down",
           .about = "stop everything; data, artifacts and logs stay in the folder",
           .examples = "fleetcast local down --data-dir ~/fleet"},
          [&session]() -> absl::Status {
            FLEETCAST_ASSIGN_OR_RETURN(const std::string data_dir, DataDir(session));
            FLEETCAST_ASSIGN_OR_RETURN(
                const bool was_up,
                Down(data_dir, [&](const std::string& line) { session.Say(line); }));
            session.ShowDone(
                was_up ? "stopped" : "not_running", data_dir,
                was_up ? "the stack is down" : absl::StrCat("there is no stack in ", data_dir));
            return absl::OkStatus();
          });
}

}  // namespace fleetcast::cli
