#include "services/inference/inference_settings.h"

#include <algorithm>

#include "common/service/shared_settings.h"

namespace fleetcast::inference {

InferenceSettings ReadInferenceSettings(SettingsReader& reader) {
  InferenceSettings settings;
  settings.database = service::ReadDatabase(reader, "fleetcast-inference");
  settings.config_target = service::ReadConfigTarget(reader);
  settings.registry_target = service::ReadRegistryTarget(reader);
  settings.sensors = service::ReadSensors(reader);
  settings.worker.name = service::ReadReplica(reader);
  settings.slots = static_cast<int>(
      reader.Int("slots", 4, 0, 256, "invocations at once in this process; 0 serves only"));
  settings.sensors.connections = std::max(1, settings.slots);
  settings.worker.lease = service::ReadLease(reader, "invocation");
  settings.tick_interval =
      reader.Duration("tick_interval", absl::Milliseconds(500), "how often schedules are looked at",
                      absl::Milliseconds(10));
  settings.max_data_age =
      reader.Duration("max_data_age", absl::ZeroDuration(),
                      "oldest last reading to forecast from, seen from the as-of time or now; "
                      "0s for any age");
  settings.model_cache_bytes = static_cast<std::size_t>(reader.Int("model_cache_mib", 256, 1,
                                                                   65'536, "models kept in memory"))
                               << 20;
  return settings;
}

}  // namespace fleetcast::inference
