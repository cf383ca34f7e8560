// The settings of fleetcast-inference.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/log.h"
#include "common/sensordata/source_settings.h"
#include "common/settings/settings.h"
#include "services/inference/domain/worker.h"

namespace fleetcast::inference {

struct InferenceSettings {
  std::string listen = "127.0.0.1:7004";
  std::string database;
  int database_connections = 16;
  std::string config_target = "127.0.0.1:7001";
  std::string registry_target = "127.0.0.1:7003";
  sensordata::SourceSettings sensors;
  int slots = 4;  // invocations at once in this process; 0 serves the API only
  WorkerOptions worker;
  absl::Duration tick_interval = absl::Milliseconds(500);
  absl::Duration max_data_age = absl::ZeroDuration();
  std::size_t model_cache_bytes = std::size_t{256} << 20;
  LogLevel log_level = LogLevel::kInfo;
};

// INVALID_ARGUMENT that names every bad setting.
[[nodiscard]] absl::StatusOr<InferenceSettings> ReadInferenceSettings(SettingsReader& reader);

}  // namespace fleetcast::inference
