#include "common/service/shared_settings.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::service {
namespace {

LogLevel ReadLogLevel(SettingsReader& reader) {
  const std::string level =
      reader.Choice("log_level", "info", {"debug", "info", "warning", "error"},
                    "the least severe lines that are logged");
  if (level == "debug") return LogLevel::kDebug;
  if (level == "warning") return LogLevel::kWarning;
  if (level == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

std::string HostAndPid() {
  char host[256] = "localhost";
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return absl::StrCat(host, "-", getpid());
}

}  // namespace

ServerSettings ReadServer(SettingsReader& reader, int port) {
  ServerSettings settings;
  settings.listen = reader.String("listen", absl::StrCat("127.0.0.1:", port),
                                  "host:port to serve on; port 0 takes a free one");
  settings.drain_timeout = reader.Duration(
      "drain_timeout", settings.drain_timeout,
      "how long running calls may still take at SIGTERM; what hangs beyond it is ended by force");
  settings.log_level = ReadLogLevel(reader);
  return settings;
}

db::PoolOptions ReadDatabase(SettingsReader& reader, const std::string& application_name) {
  db::PoolOptions pool{.application_name = application_name};
  pool.dsn = reader.RequiredString("database", "libpq connection string of Postgres");
  pool.size = static_cast<int>(reader.Int("database_connections", 16, 2, 1000,
                                          "connections to Postgres for calls, at most"));
  return pool;
}

std::string ReadReplica(SettingsReader& reader) {
  std::string name = reader.String("replica", "", "this replica's name; default: host-pid");
  return name.empty() ? HostAndPid() : name;
}

sensordata::SourceSettings ReadSensors(SettingsReader& reader) {
  sensordata::SourceSettings sensors;
  sensors.kind = reader.String("sensor_source", sensors.kind, "csv or postgres");
  sensors.data = reader.RequiredString(
      "sensor_data", "csv: the folder of {sensor_id}.csv; postgres: a libpq connection string");
  sensors.table = reader.String("sensor_table", sensors.table, "postgres: table");
  sensors.id_column = reader.String("sensor_id_column", sensors.id_column, "postgres: column");
  sensors.time_column =
      reader.String("sensor_time_column", sensors.time_column, "postgres: column");
  for (const sensordata::FormatSetting& setting : sensordata::AllFormatSettings()) {
    std::string& value = sensors.format.*setting.value;
    value = reader.String(setting.name, value, setting.help);
  }
  const auto problems = DetailsOf(sensordata::FormatOf(sensors.format).status());
  if (problems) {
    for (const FieldViolation& problem : problems->field_violations)
      reader.Refuse(problem.field, problem.description);
  }
  return sensors;
}

std::string ReadConfigTarget(SettingsReader& reader) {
  return reader.String("config_target", "127.0.0.1:7001", "the config service, host:port");
}

std::string ReadRegistryTarget(SettingsReader& reader) {
  return reader.String("registry_target", "127.0.0.1:7003", "the registry service, host:port");
}

absl::Duration ReadLease(SettingsReader& reader, const std::string& what) {
  // It is renewed every third of it.
  return reader.Duration("lease", absl::Seconds(30),
                         absl::StrCat("how long a silent holder keeps its ", what, " from others"),
                         absl::Seconds(1));
}

}  // namespace fleetcast::service
