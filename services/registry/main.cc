// fleetcast-registry: experiments, artifacts, data assets, environments, model versions, champions.
#include "common/service/run.h"
#include "services/registry/service.h"

int main(int argc, char** argv) {
  return fleetcast::service::Run(
      {.name = "registry", .about = "Keeps what was tried, trained and chosen.", .port = 7003},
      argc, argv, fleetcast::registry::ReadRegistryOptions, fleetcast::registry::MakeRegistry);
}
