// fleetcast-config: answers questions about the configurations in a git repository.
#include "common/service/run.h"
#include "services/config/config.h"
#include "services/config/git/fetch_process.h"

int main(int argc, char** argv) {
  if (const auto status = fleetcast::config::RunMirrorCommand(argc, argv)) return *status;
  return fleetcast::service::Run(
      {.name = "config",
       .about = "Serves the fleet's configuration from a git repository.",
       .port = 7001},
      argc, argv, fleetcast::config::ReadConfigSettings, fleetcast::config::MakeConfig);
}
