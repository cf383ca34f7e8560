// fleetcast-config: answers questions about the configurations in a git repository.
#include <cstdio>
#include <string>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/rpc/server.h"
#include "common/settings/log_level.h"
#include "common/settings/settings.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/fetch_process.h"
#include "services/config/git/git_settings.h"
#include "services/config/rpc/config_service.h"
#include "services/config/yaml/yaml_parser.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "fleetcast-config: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = fleetcast::config::RunMirrorCommand(argc, argv)) return *status;
  fleetcast::rpc::BlockShutdownSignals();
  fleetcast::SettingsReader settings("fleetcast-config", "FLEETCAST_CONFIG",
                                     "Serves the fleet's configuration from a git repository.",
                                     argc, argv);
  fleetcast::rpc::ServerOptions server_options{
      .listen = settings.String("listen", "127.0.0.1:7001", "host:port; port 0 takes a free one")};
  const fleetcast::config::GitSettings git_settings =
      fleetcast::config::ReadGitSettings(settings, "/proc/self/exe");
  const std::size_t cache_bytes =
      settings.Int("cache_mib", 100, 1, 65'536, "memory for what was parsed, in MiB") << 20;
  const fleetcast::LogLevel log_level = fleetcast::ReadLogLevel(settings);
  if (settings.help_requested()) {
    std::fputs(settings.HelpText().c_str(), stdout);
    return 0;
  }
  if (const absl::Status status = settings.Finish(); !status.ok()) return Fail(status);
  fleetcast::StartLogging("config", log_level);

  const fleetcast::SystemClock clock;
  auto repository = fleetcast::config::OpenRepository(git_settings, clock);
  if (!repository.ok()) return Fail(repository.status());
  fleetcast::config::FleetReader reader(**repository, fleetcast::config::ParseYaml, cache_bytes);
  fleetcast::config::ConfigService service(reader);
  auto server = fleetcast::rpc::Server::Start(server_options, {&service});
  if (!server.ok()) return Fail(server.status());

  fleetcast::LogInfo("serving",
                     {{"address", (*server)->address()}, {"repository", git_settings.Where()}});
  fleetcast::rpc::WaitForShutdownSignal();
  (*server)->Drain();
  fleetcast::LogInfo("stopped");
}
