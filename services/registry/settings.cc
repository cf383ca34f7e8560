#include "services/registry/settings.h"

#include "common/settings/log_level.h"

namespace fleetcast::registry {

RegistrySettings ReadSettings(SettingsReader& reader) {
  RegistrySettings settings;
  settings.listen =
      reader.String("listen", "127.0.0.1:7003", "host:port to serve on; port 0 takes a free one");
  settings.database = reader.RequiredString(
      "database", "libpq connection string of the Postgres that holds the schema 'registry'");
  settings.database_connections = static_cast<int>(
      reader.Int("database_connections", 16, 1, 1000, "connections to Postgres at most"));
  settings.artifacts_dir =
      reader.RequiredString("artifacts_dir", "folder of the artifacts' bytes, shared by replicas");
  settings.max_artifact_bytes =
      reader.Int("max_artifact_bytes", std::int64_t{1} << 30, 1, std::int64_t{1} << 40,
                 "largest artifact that is accepted");
  settings.log_level = ReadLogLevel(reader);
  return settings;
}

}  // namespace fleetcast::registry
