#include "services/trainer/trainer_settings.h"

#include "common/service/shared_settings.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

WorkerOptions ReadWorker(SettingsReader& reader) {
  WorkerOptions worker;
  worker.replica = service::ReadReplica(reader);
  worker.environment =
      reader.String("environment", "custom-lstm-env:1.5.0",
                    "environment that this replica is; it claims only jobs that ask for it");
  if (const auto resource = EnvironmentResource(worker.environment); !resource.ok())
    reader.Refuse("environment", std::string(resource.status().message()));
  worker.max_parallel = static_cast<int>(
      reader.Int("max_parallel", 5, 1, 10'000, "jobs running at once over all replicas"));
  worker.slots =
      static_cast<int>(reader.Int("slots", 1, 0, 64, "jobs running at once in this process"));
  worker.lease = service::ReadLease(reader, "job");
  return worker;
}

}  // namespace

TrainerSettings ReadTrainerSettings(SettingsReader& reader) {
  TrainerSettings settings;
  settings.database = service::ReadDatabase(reader, "fleetcast-trainer");
  settings.config_target = service::ReadConfigTarget(reader);
  settings.registry_target = service::ReadRegistryTarget(reader);
  settings.sensors = service::ReadSensors(reader);
  settings.worker = ReadWorker(reader);
  settings.max_attempts = static_cast<int>(
      reader.Int("max_attempts", 3, 1, 100, "attempts after which a job fails for good"));
  return settings;
}

}  // namespace fleetcast::trainer
