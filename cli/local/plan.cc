#include "cli/local/plan.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"

namespace fleetcast::cli {
namespace {

constexpr int kMaxTrainers = 32;
constexpr int kFurtherTrainers = 10;  // ports of the second trainer and those after it begin here
constexpr int kHighestPort = 65535;

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string Loopback(int port) { return absl::StrCat("127.0.0.1:", port); }

// "trainer.slots=3", … by service.
absl::StatusOr<std::map<std::string, Settings>> ParseSettings(
    const std::vector<std::string>& settings) {
  std::map<std::string, Settings> parsed = {
      {"config", {}}, {"registry", {}}, {"trainer", {}}, {"inference", {}}};
  for (const std::string& setting : settings) {
    const std::size_t dot = setting.find('.');
    const std::size_t equals = setting.find('=');
    if (dot == std::string::npos || equals == std::string::npos || dot + 1 >= equals ||
        !parsed.contains(setting.substr(0, dot)))
      return InvalidField("--set", absl::StrCat("\"", setting,
                                                "\" is not SERVICE.NAME=VALUE with a service "
                                                "config, registry, trainer or inference"));
    parsed[setting.substr(0, dot)].emplace_back(
        absl::StrReplaceAll(setting.substr(dot + 1, equals - dot - 1), {{"_", "-"}}),
        setting.substr(equals + 1));
  }
  return parsed;
}

// The config service follows another repository than --config-repo.
bool FollowsRemote(const Settings& config) {
  return std::any_of(config.begin(), config.end(),
                     [](const auto& setting) { return setting.first == "remote-url"; });
}

bool IsPortFree(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return true;  // let the service say it
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free = bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return is_free;
}

absl::Status CheckRanges(const StackOptions& options) {
  if (options.trainers < 1 || options.trainers > kMaxTrainers)
    return InvalidField(
        "--trainers", absl::StrCat(options.trainers, " is not a number from 1 to ", kMaxTrainers));
  const int highest = options.port_base + kFurtherTrainers + options.trainers;
  if (options.port_base < 1 || highest > kHighestPort)
    return InvalidField("--port-base",
                        absl::StrCat("the ports from ", options.port_base, " to ", highest,
                                     " do not all exist; choose one from 1024 to 60000"));
  return absl::OkStatus();
}

// Builds the processes of one stack, later settings overriding earlier ones.
class Planner {
 public:
  Planner(const StackOptions& options, const std::string& database,
          std::map<std::string, Settings> extra)
      : options_(options), database_(database), extra_(std::move(extra)) {}

  std::vector<ServiceProcess> Plan() {
    const int base = options_.port_base;
    const Settings store = {{"database", database_}};
    const Settings peers = {{"config-target", Loopback(base)},
                            {"registry-target", Loopback(base + 2)}};
    const Settings sensors = {{"sensor-source", "csv"}, {"sensor-data", options_.sensor_data}};
    const Settings repository = {{"repository", options_.config_repo}};
    Add("config", "config", base, 0,
        {FollowsRemote(extra_.at("config")) ? Settings() : repository});
    Add("registry", "registry", base + 2, 0,
        {store, {{"artifacts-dir", options_.data_dir + "/artifacts"}}});
    for (int i = 1; i <= options_.trainers; ++i) {
      const std::string name = absl::StrCat("trainer-", i);
      const int port = i == 1 ? base + 1 : base + kFurtherTrainers + i - 2;
      Add(name, "trainer", port, 1, {store, peers, sensors, {{"replica", name}}});
    }
    Add("inference", "inference", base + 3, 1,
        {store, peers, sensors, {{"trainer-target", Loopback(base + 1)}}});
    return std::move(plan_);
  }

 private:
  void Add(const std::string& name, const std::string& service, int port, int stage,
           const std::vector<Settings>& groups) {
    ServiceProcess process{.name = name, .service = service, .port = port, .stage = stage};
    Settings settings = {{"listen", Loopback(port)}};
    for (const Settings& group : groups)
      settings.insert(settings.end(), group.begin(), group.end());
    for (const auto& [key, value] : extra_[service]) {
      std::erase_if(settings, [&key = key](const auto& setting) { return setting.first == key; });
      settings.emplace_back(key, value);
    }
    process.arguments = {absl::StrCat(options_.programs, "/fleetcast-", service)};
    for (const auto& [key, value] : settings)
      process.arguments.push_back(absl::StrCat("--", key, "=", value));
    plan_.push_back(std::move(process));
  }

  const StackOptions& options_;
  const std::string& database_;
  std::map<std::string, Settings> extra_;
  std::vector<ServiceProcess> plan_;
};

}  // namespace

absl::StatusOr<std::vector<ServiceProcess>> PlanServices(const StackOptions& options,
                                                         const std::string& database) {
  FLEETCAST_RETURN_IF_ERROR(CheckRanges(options));
  FLEETCAST_ASSIGN_OR_RETURN(auto extra, ParseSettings(options.settings));
  return Planner(options, database, std::move(extra)).Plan();
}

absl::Status CheckPrerequisites(const StackOptions& options) {
  std::error_code ignored;
  FLEETCAST_ASSIGN_OR_RETURN(const auto plan, PlanServices(options, ""));
  FLEETCAST_ASSIGN_OR_RETURN(const auto extra, ParseSettings(options.settings));
  if (!FollowsRemote(extra.at("config")) &&
      !std::filesystem::is_directory(options.config_repo, ignored))
    return InvalidField(
        "--config-repo",
        absl::StrCat(options.config_repo.empty() ? "is missing"
                                                 : "there is no folder " + options.config_repo,
                     "; give a git repository with config/, or --set config.remote-url=URL"));
  if (!std::filesystem::is_directory(options.sensor_data, ignored))
    return InvalidField("--sensor-data",
                        absl::StrCat("there is no folder ", options.sensor_data,
                                     "; `fleetcast data simulate --out DIR` makes one"));
  for (const ServiceProcess& process : plan) {
    if (!std::filesystem::exists(process.arguments[0], ignored))
      return Refused(
          absl::StatusCode::kFailedPrecondition, "PROGRAM_MISSING",
          absl::StrCat("there is no ", process.arguments[0], "; build it with ./dev build"),
          {{"program", process.arguments[0]}});
    if (!IsPortFree(process.port))
      return Refused(absl::StatusCode::kFailedPrecondition, "PORT_IN_USE",
                     absl::StrCat("port ", process.port, ", wanted for ", process.name,
                                  ", is in use by another process; stop that, or choose other "
                                  "ports with --port-base ",
                                  options.port_base + 100),
                     {{"port", absl::StrCat(process.port)}, {"service", process.name}});
  }
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
