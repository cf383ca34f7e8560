// The trainer's settings, each read once at start.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"
#include "services/trainer/worker/worker.h"

namespace fleetcast::trainer {

struct TrainerSettings {
  db::PoolOptions database;
  std::string config_target, registry_target;
  sensordata::SourceSettings sensors;
  WorkerOptions worker;
  int max_attempts = 3;
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] TrainerSettings ReadTrainerSettings(SettingsReader& reader);

}  // namespace fleetcast::trainer
