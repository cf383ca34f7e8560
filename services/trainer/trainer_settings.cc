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

void ReadWork(SettingsReader& reader, TrainerSettings* settings) {
  settings->replica = reader.String("replica", "", "this replica's name; default: host-pid");
  if (settings->replica.empty()) settings->replica = DefaultReplica();
  settings->environment =
      reader.String("environment", settings->environment,
                    "environment that this replica is; it fetches only jobs that ask for it");
  settings->slots = static_cast<int>(
      reader.Int("slots", 1, 0, 64,
                 "jobs at once in this process; over all replicas the pool `fleet` limits them "
                 "(fleetcast pool set)"));
  settings->lease = reader.Duration("lease", settings->lease,
                                    "how long a silent holder keeps its job from others");
  settings->keep_runs = reader.Duration("keep_runs", settings->keep_runs,
                                        "how long training runs are kept after their end");
  settings->keep_requests =
      reader.Duration("keep_requests", settings->keep_requests,
                      "for how long a repeated request gets its first answer");
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
  ReadWork(reader, &settings);
  settings.sensors.connections = std::max(1, settings.slots);
  settings.max_attempts = static_cast<int>(
      reader.Int("max_attempts", 3, 1, 100, "attempts after which a job fails for good"));
  settings.log_level = ReadLogLevel(reader);
  if (reader.help_requested()) return settings;
  FLEETCAST_RETURN_IF_ERROR(reader.Finish());
  FLEETCAST_RETURN_IF_ERROR(EnvironmentResource(settings.environment).status());
  if (settings.lease < absl::Seconds(1))
    return InvalidField("lease", "must be at least 1s: it is renewed every third of it");
  return settings;
}

}  // namespace fleetcast::trainer
