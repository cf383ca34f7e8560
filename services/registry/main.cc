// fleetcast-registry: experiments, artifacts, data assets, environments, model versions, champions.
#include <cstdio>

#include "common/rpc/server.h"
#include "services/registry/service.h"
#include "services/registry/settings.h"

namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "fleetcast-registry: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fleetcast;
  rpc::BlockShutdownSignals();
  SettingsReader reader("fleetcast-registry", "FLEETCAST_REGISTRY",
                        "Keeps what was tried, trained and chosen.", argc, argv);
  const registry::RegistrySettings settings = registry::ReadSettings(reader);
  if (reader.help_requested()) {
    std::fputs(reader.HelpText().c_str(), stdout);
    return 0;
  }
  if (const absl::Status status = reader.Finish(); !status.ok()) return Fail(status);
  StartLogging("registry", settings.log_level);

  auto service =
      registry::RegistryService::Start({.pool = {.dsn = settings.database,
                                                 .size = settings.database_connections,
                                                 .application_name = "fleetcast-registry"},
                                        .artifacts_dir = settings.artifacts_dir,
                                        .max_artifact_bytes = settings.max_artifact_bytes});
  if (!service.ok()) return Fail(service.status());
  auto server = rpc::Server::Start({.listen = settings.listen}, (*service)->grpc_services());
  if (!server.ok()) return Fail(server.status());
  rpc::WaitForShutdownSignal();
  (*server)->Drain();
}
