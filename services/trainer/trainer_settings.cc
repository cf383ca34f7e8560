#include "services/trainer/trainer_settings.h"

#include <algorithm>

#include "common/service/shared_settings.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

void ReadWork(SettingsReader& reader, TrainerSettings* settings) {
  settings->replica = service::ReadReplica(reader);
  settings->environment =
      reader.String("environment", settings->environment,
                    "environment that this replica is; it fetches only jobs that ask for it");
  if (const auto resource = EnvironmentResource(settings->environment); !resource.ok())
    reader.Refuse("environment", std::string(resource.status().message()));
  settings->slots = static_cast<int>(
      reader.Int("slots", 1, 0, 64,
                 "jobs at once in this process; over all replicas the pool `fleet` limits them"));
  settings->lease = service::ReadLease(reader, "job");
  settings->max_attempts = static_cast<int>(
      reader.Int("max_attempts", 3, 1, 100, "attempts after which a job fails for good"));
}

}  // namespace

TrainerSettings ReadTrainerSettings(SettingsReader& reader) {
  TrainerSettings settings;
  settings.database = service::ReadDatabase(reader, "fleetcast-trainer");
  settings.config_target = service::ReadConfigTarget(reader);
  settings.registry_target = service::ReadRegistryTarget(reader);
  settings.sensors = service::ReadSensors(reader);
  ReadWork(reader, &settings);
  settings.sensors.connections = std::max(1, settings.slots);
  settings.keep_runs = reader.Duration("keep_runs", settings.keep_runs,
                                       "how long training runs are kept after their end");
  settings.keep_requests = reader.Duration("keep_requests", settings.keep_requests,
                                           "for how long a repeated request gets its first answer");
  return settings;
}

}  // namespace fleetcast::trainer
