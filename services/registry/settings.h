// What a registry process is told at start.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/log.h"
#include "common/settings/settings.h"

namespace fleetcast::registry {

struct RegistrySettings {
  std::string listen;
  std::string database;
  int database_connections = 0;
  std::string artifacts_dir;
  std::int64_t max_artifact_bytes = 0;
  LogLevel log_level = LogLevel::kInfo;
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] RegistrySettings ReadSettings(SettingsReader& reader);

}  // namespace fleetcast::registry
