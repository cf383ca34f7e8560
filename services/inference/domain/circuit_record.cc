#include "services/inference/domain/circuit_record.h"

#include "services/inference/domain/circuit_json.h"
#include "services/inference/domain/deployment_json.h"

namespace fleetcast::inference {

using nlohmann::json;

std::string Word(DesiredState state) { return json(state).get<std::string>(); }
DesiredState DesiredStateOf(const std::string& word) { return json(word).get<DesiredState>(); }
std::string Word(StepAction action) { return json(action).get<std::string>(); }
std::string ToJson(const StepResult& result) { return json(result).dump(); }

StepResult StepResultOf(const std::string& text) {
  if (text.empty()) return {};
  return FromJson<StepResult>(text, "a step's result").value_or(StepResult{});
}

std::string ToJson(const DeploymentSettings& settings) {
  return json{{"plant_display_name", settings.plant_display_name},
              {"display_name", settings.display_name},
              {"compute", settings.compute},
              {"instance_count", settings.instance_count},
              {"mini_batch_size", settings.mini_batch_size},
              {"max_concurrency_per_instance", settings.max_concurrency_per_instance},
              {"timeout_seconds", absl::ToDoubleSeconds(settings.timeout)},
              {"error_threshold", settings.error_threshold},
              {"max_retries", settings.max_retries},
              {"retry_timeout_seconds", absl::ToDoubleSeconds(settings.retry_timeout)},
              {"sensor_id", settings.sensor_id},
              {"commit", settings.commit},
              {"deployment_hash", settings.deployment_hash},
              {"fallback", settings.fallback},
              {"shape", settings.shape}}
      .dump();
}

DeploymentSettings SettingsOf(const std::string& text) {
  const json in = json::parse(text, nullptr, /*allow_exceptions=*/false);
  DeploymentSettings settings;
  if (!in.is_object()) return settings;
  settings.plant_display_name = in.value("plant_display_name", "");
  settings.display_name = in.value("display_name", "");
  settings.compute = in.value("compute", "");
  settings.instance_count = in.value("instance_count", settings.instance_count);
  settings.mini_batch_size = in.value("mini_batch_size", settings.mini_batch_size);
  settings.max_concurrency_per_instance =
      in.value("max_concurrency_per_instance", settings.max_concurrency_per_instance);
  settings.timeout = absl::Seconds(in.value("timeout_seconds", 3600.0));
  settings.error_threshold = in.value("error_threshold", settings.error_threshold);
  settings.max_retries = in.value("max_retries", settings.max_retries);
  settings.retry_timeout = absl::Seconds(in.value("retry_timeout_seconds", 30.0));
  settings.sensor_id = in.value("sensor_id", "");
  settings.commit = in.value("commit", "");
  settings.deployment_hash = in.value("deployment_hash", "");
  settings.fallback = in.value("fallback", settings.fallback);
  settings.shape = in.value("shape", settings.shape);
  return settings;
}

}  // namespace fleetcast::inference
