// The settings that several services have, read in one place. Problems are reported by the reader's
// Finish.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/base/log.h"
#include "common/db/connection_pool.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"

namespace fleetcast::service {

// Of every service.
struct ServerSettings {
  std::string listen = "127.0.0.1:0";  // host:port; port 0 takes a free one
  absl::Duration drain_timeout = absl::Seconds(10);
  LogLevel log_level = LogLevel::kInfo;
};

// `port` is the service's own by default.
[[nodiscard]] ServerSettings ReadServer(SettingsReader& reader, int port);

// The Postgres that holds the service's schema, for the calls that it answers; `application_name`
// is "fleetcast-trainer".
[[nodiscard]] db::PoolOptions ReadDatabase(SettingsReader& reader,
                                           const std::string& application_name);

// This replica's name, "host-pid" by default.
[[nodiscard]] std::string ReadReplica(SettingsReader& reader);

[[nodiscard]] sensordata::SourceSettings ReadSensors(SettingsReader& reader);

// The config and the registry service, "host:port".
[[nodiscard]] std::string ReadConfigTarget(SettingsReader& reader);
[[nodiscard]] std::string ReadRegistryTarget(SettingsReader& reader);

// How long a silent holder keeps its work from others; `what` it holds.
[[nodiscard]] absl::Duration ReadLease(SettingsReader& reader, const std::string& what);

}  // namespace fleetcast::service
