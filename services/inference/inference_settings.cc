#include "services/inference/inference_settings.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/service/shared_settings.h"

namespace fleetcast::inference {

namespace {

void ReadWork(SettingsReader& reader, InferenceSettings* settings) {
  settings->replica = service::ReadReplica(reader);
  settings->slots = static_cast<int>(
      reader.Int("slots", settings->slots, 0, 256,
                 "batches of invocations at once in this process; 0 serves only; over all replicas "
                 "the pool `fleet` limits invocations"));
  settings->batch = static_cast<int>(reader.Int("batch", settings->batch, 1, 1000,
                                                "invocations that a slot takes and ends at once"));
  settings->backfill_slots = static_cast<int>(reader.Int(
      "backfill_slots", settings->slots > 0 ? 1 : 0, 0, 64,
      "invocations of backfills at once in this process, for each compute type; each makes as many "
      "mini batches at once as its deployment allows and the machine has cores; 1 unless slots is "
      "0"));
  settings->compute_instance_types = absl::StrSplit(
      reader.String("compute_instance_types", "",
                    "compute types of deployments, comma separated, whose backfills this replica "
                    "runs and no others; empty: those that no replica names"),
      absl::ByAnyChar(", "), absl::SkipEmpty());
  settings->lease = service::ReadLease(reader, "invocation");
  settings->tick_interval =
      reader.Duration("tick_interval", settings->tick_interval,
                      "how soon a changed schedule is noticed", absl::Milliseconds(10));
  settings->max_data_age =
      reader.Duration("max_data_age", absl::ZeroDuration(),
                      "oldest last reading to forecast from, seen from the as-of time or now; "
                      "0s for any age");
  settings->forecast_late_after = reader.Duration(
      "forecast_late_after", settings->forecast_late_after,
      "how long after its schedule's tick a circuit's forecast counts as late", absl::Seconds(1));
  settings->release_branch = reader.String(
      "release_branch", "",
      "branch whose head is put in force as it moves, as if CreateRelease were called; empty: only "
      "calls do");
  settings->model_cache_bytes = static_cast<std::size_t>(reader.Int(
                                    "model_cache_mib", 1024, 1, 65'536, "models kept in memory"))
                                << 20;
}

void ReadRetention(SettingsReader& reader, InferenceSettings* settings) {
  settings->keep_sweeps = reader.Duration("keep_sweeps", settings->keep_sweeps,
                                          "how long sweeps are kept after their end; those that a "
                                          "circuit's latest forecast is of stay");
  settings->keep_releases =
      reader.Duration("keep_releases", settings->keep_releases,
                      "how long releases are kept after their end; those that a circuit's status "
                      "names stay");
  settings->keep_forecasts =
      reader.Duration("keep_forecasts", settings->keep_forecasts,
                      "how long forecasts are kept, by issue time; each circuit's latest stays");
  settings->keep_requests =
      reader.Duration("keep_requests", settings->keep_requests,
                      "for how long a repeated request gets its first answer");
}

}  // namespace

InferenceSettings ReadInferenceSettings(SettingsReader& reader) {
  InferenceSettings settings;
  settings.database = service::ReadDatabase(reader, "fleetcast-inference");
  settings.config_target = service::ReadConfigTarget(reader);
  settings.registry_target = service::ReadRegistryTarget(reader);
  settings.trainer_target =
      reader.String("trainer_target", "127.0.0.1:7002", "the trainer service, host:port");
  settings.sensors = service::ReadSensors(reader);
  ReadWork(reader, &settings);
  settings.sensors.connections = std::max(1, settings.slots);
  ReadRetention(reader, &settings);
  return settings;
}

}  // namespace fleetcast::inference
