// The settings of fleetcast-inference.
#pragma once

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "common/db/connection_pool.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"
#include "services/inference/domain/worker.h"

namespace fleetcast::inference {

struct InferenceSettings {
  db::PoolOptions database;
  std::string config_target, registry_target;
  sensordata::SourceSettings sensors;
  int slots = 4;  // invocations at once in this process; 0 serves the API only
  WorkerOptions worker;
  absl::Duration tick_interval = absl::Milliseconds(500);
  absl::Duration max_data_age = absl::ZeroDuration();
  std::size_t model_cache_bytes = std::size_t{256} << 20;
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] InferenceSettings ReadInferenceSettings(SettingsReader& reader);

}  // namespace fleetcast::inference
