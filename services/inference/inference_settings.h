// The settings of fleetcast-inference.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/db/connection_pool.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"

namespace fleetcast::inference {

struct InferenceSettings {
  db::PoolOptions database;
  std::string config_target, registry_target, trainer_target;
  sensordata::SourceSettings sensors;
  std::string replica;
  int slots = 4;   // batches at once in this process; 0 serves the API only
  int batch = 50;  // invocations of one batch at most
  int backfill_slots = 1;
  std::vector<std::string>
      compute_instance_types;  // whose backfills it runs; empty: undeclared ones
  absl::Duration lease = absl::Seconds(30);
  absl::Duration poll = absl::Seconds(4);
  absl::Duration tick_interval = absl::Seconds(5);
  absl::Duration max_data_age = absl::ZeroDuration();
  std::size_t model_cache_bytes = std::size_t{1} << 30;
  std::string release_branch;  // whose head is kept in force; empty: none
  absl::Duration forecast_late_after = absl::Minutes(15);
  absl::Duration keep_sweeps = absl::Hours(24 * 30);
  absl::Duration keep_releases = absl::Hours(24 * 400);
  absl::Duration keep_forecasts = absl::Hours(24 * 400);
  absl::Duration keep_requests = absl::Hours(24 * 7);
};

// Problems are reported by `reader.Finish()`.
[[nodiscard]] InferenceSettings ReadInferenceSettings(SettingsReader& reader);

}  // namespace fleetcast::inference
