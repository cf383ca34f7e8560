// The trainer's settings, each read once at start.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/log.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/log_level.h"
#include "common/settings/settings.h"
#include "services/trainer/worker/worker.h"

namespace fleetcast::trainer {

struct TrainerSettings {
  std::string listen, database, config_target, registry_target;
  sensordata::SourceSettings sensors;
  WorkerOptions worker;
  int max_attempts = 3;
  LogLevel log_level = LogLevel::kInfo;
};

// INVALID_ARGUMENT naming every bad or unknown setting.
[[nodiscard]] absl::StatusOr<TrainerSettings> ReadTrainerSettings(SettingsReader& reader);

}  // namespace fleetcast::trainer
