// The config service put together: the repository, what reads it, and the API.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "common/service/service.h"
#include "common/settings/settings.h"
#include "services/config/git/git_settings.h"

namespace fleetcast::config {

struct ConfigSettings {
  GitSettings git;
  std::size_t cache_bytes = 0;  // memory for what was parsed
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] ConfigSettings ReadConfigSettings(SettingsReader& reader);

// The errors of OpenRepository.
[[nodiscard]] absl::StatusOr<std::unique_ptr<service::Service>> MakeConfig(
    const ConfigSettings& settings);

}  // namespace fleetcast::config
