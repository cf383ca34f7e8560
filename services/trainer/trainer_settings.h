// The trainer's settings, each read once at start.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/db/connection_pool.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"

namespace fleetcast::trainer {

struct TrainerSettings {
  db::PoolOptions database;
  std::string config_target, registry_target;
  sensordata::SourceSettings sensors;
  std::string replica;
  std::string environment = "custom-lstm-env:1.5.0";
  int slots = 1;
  absl::Duration lease = absl::Seconds(30);
  absl::Duration poll = absl::Seconds(4);  // while there is nothing to do
  absl::Duration keep_runs = absl::Hours(24 * 400);
  absl::Duration keep_requests = absl::Hours(24 * 7);
  int max_attempts = 3;
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] TrainerSettings ReadTrainerSettings(SettingsReader& reader);

}  // namespace fleetcast::trainer
