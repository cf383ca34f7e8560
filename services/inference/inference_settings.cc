#include "services/inference/inference_settings.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/settings/log_level.h"

namespace fleetcast::inference {
namespace {

std::string DefaultReplica() {
  char host[256] = "localhost";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return absl::StrCat(host, "-", getpid());
}

void ReadSensors(SettingsReader& reader, sensordata::SourceSettings* sensors) {
  sensors->kind = reader.String("sensor_source", "csv", "csv or postgres");
  sensors->data = reader.RequiredString(
      "sensor_data", "csv: the folder of {sensor_id}.csv; postgres: a libpq connection string");
  sensors->table = reader.String("sensor_table", sensors->table, "postgres: table");
  sensors->id_column = reader.String("sensor_id_column", sensors->id_column, "postgres: column");
  sensors->time_column =
      reader.String("sensor_time_column", sensors->time_column, "postgres: column");
}

void ReadWork(SettingsReader& reader, InferenceSettings* settings) {
  settings->worker.name = reader.String("replica", "", "this replica's name; default: host-pid");
  if (settings->worker.name.empty()) settings->worker.name = DefaultReplica();
  settings->slots = static_cast<int>(
      reader.Int("slots", 4, 0, 256, "invocations at once in this process; 0 serves only"));
  settings->worker.lease = reader.Duration(
      "lease", absl::Seconds(30), "how long a silent holder keeps its invocation from others");
  settings->tick_interval = reader.Duration("tick_interval", absl::Milliseconds(500),
                                            "how often schedules are looked at");
  settings->max_data_age =
      reader.Duration("max_data_age", absl::ZeroDuration(),
                      "oldest last reading to forecast from, seen from the as-of time or now; "
                      "0s for any age");
  settings->model_cache_bytes = static_cast<std::size_t>(reader.Int(
                                    "model_cache_mib", 256, 1, 65'536, "models kept in memory"))
                                << 20;
}

}  // namespace

absl::StatusOr<InferenceSettings> ReadInferenceSettings(SettingsReader& reader) {
  InferenceSettings settings;
  settings.listen = reader.String("listen", settings.listen, "address to serve on, host:port");
  settings.database = reader.RequiredString("database", "libpq connection string of Postgres");
  settings.database_connections = static_cast<int>(
      reader.Int("database_connections", 16, 2, 1000, "connections to Postgres at most"));
  settings.config_target =
      reader.String("config_target", settings.config_target, "the config service, host:port");
  settings.registry_target =
      reader.String("registry_target", settings.registry_target, "the registry service, host:port");
  ReadSensors(reader, &settings.sensors);
  ReadWork(reader, &settings);
  settings.sensors.connections = std::max(1, settings.slots);
  settings.log_level = ReadLogLevel(reader);
  if (reader.help_requested()) return settings;
  FLEETCAST_RETURN_IF_ERROR(reader.Finish());
  if (settings.worker.lease < absl::Seconds(1)) {
    return InvalidField("lease", "must be at least 1s: it is renewed every third of it");
  }
  if (settings.tick_interval < absl::Milliseconds(10)) {
    return InvalidField("tick_interval", "must be at least 10ms");
  }
  return settings;
}

}  // namespace fleetcast::inference
