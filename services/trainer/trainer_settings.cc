#include "services/trainer/trainer_settings.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

std::string DefaultReplica() {
  char host[256] = "localhost";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return absl::StrCat(host, "-", getpid());
}

WorkerOptions ReadWorker(SettingsReader& reader) {
  WorkerOptions worker;
  worker.replica = reader.String("replica", "", "this replica's name; default: host-pid");
  if (worker.replica.empty()) worker.replica = DefaultReplica();
  worker.environment =
      reader.String("environment", "custom-lstm-env:1.5.0",
                    "environment that this replica is; it claims only jobs that ask for it");
  worker.max_parallel = static_cast<int>(
      reader.Int("max_parallel", 5, 1, 10'000, "jobs running at once over all replicas"));
  worker.slots =
      static_cast<int>(reader.Int("slots", 1, 0, 64, "jobs running at once in this process"));
  worker.lease = reader.Duration("lease", absl::Seconds(30),
                                 "how long a silent holder keeps its job from others");
  return worker;
}

}  // namespace

absl::StatusOr<TrainerSettings> ReadTrainerSettings(SettingsReader& reader) {
  TrainerSettings settings;
  settings.listen = reader.String("listen", "127.0.0.1:7002", "address to serve on, host:port");
  settings.database = reader.RequiredString("database", "libpq connection string of Postgres");
  settings.config_target =
      reader.String("config_target", "127.0.0.1:7001", "the config service, host:port");
  settings.registry_target =
      reader.String("registry_target", "127.0.0.1:7003", "the registry service, host:port");
  settings.sensors.kind = reader.String("sensor_source", "csv", "csv or postgres");
  settings.sensors.data = reader.RequiredString(
      "sensor_data", "csv: the folder of {sensor_id}.csv; postgres: a libpq connection string");
  settings.sensors.table = reader.String("sensor_table", settings.sensors.table, "postgres: table");
  settings.sensors.id_column =
      reader.String("sensor_id_column", settings.sensors.id_column, "postgres: column");
  settings.sensors.time_column =
      reader.String("sensor_time_column", settings.sensors.time_column, "postgres: column");
  settings.worker = ReadWorker(reader);
  settings.sensors.connections = std::max(1, settings.worker.slots);
  settings.max_attempts = static_cast<int>(
      reader.Int("max_attempts", 3, 1, 100, "attempts after which a job fails for good"));
  settings.log_level = ReadLogLevel(reader);
  if (reader.help_requested()) return settings;
  FLEETCAST_RETURN_IF_ERROR(reader.Finish());
  FLEETCAST_RETURN_IF_ERROR(EnvironmentResource(settings.worker.environment).status());
  if (settings.worker.lease < absl::Seconds(1))
    return InvalidField("lease", "must be at least 1s: it is renewed every third of it");
  return settings;
}

}  // namespace fleetcast::trainer
