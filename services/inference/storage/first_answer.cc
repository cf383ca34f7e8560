#include "services/inference/storage/first_answer.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "services/inference/domain/circuit_json.h"
#include "services/inference/domain/deployment_json.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/forecast_json.h"
#include "services/inference/domain/release_store.h"
#include "services/inference/domain/schedule.h"

// Microseconds; null for one without end.
template <>
struct nlohmann::adl_serializer<absl::Duration> {
  static void to_json(json& out, absl::Duration duration) {
    if (duration != absl::InfiniteDuration()) out = absl::ToInt64Microseconds(duration);
  }
  static void from_json(const json& in, absl::Duration& duration) {
    duration = in.is_null() ? absl::InfiniteDuration() : absl::Microseconds(in.get<std::int64_t>());
  }
};

namespace fleetcast::inference {

NLOHMANN_JSON_SERIALIZE_ENUM(OverlapPolicy, {{OverlapPolicy::kSkip, "SKIP"},
                                             {OverlapPolicy::kQueue, "QUEUE"},
                                             {OverlapPolicy::kReplace, "REPLACE"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitId, plant_id, circuit_id)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DeploymentSettings, plant_display_name,
                                                display_name, compute, instance_count,
                                                mini_batch_size, max_concurrency_per_instance,
                                                timeout, error_threshold, max_retries,
                                                retry_timeout, sensor_id, commit, deployment_hash,
                                                fallback, shape)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Deployment, circuit, model_version, artifact_sha256,
                                                environment, settings, environment_variables, tags,
                                                training_hash, cutoff_date, mae, skill, earlier,
                                                revision, create_time, update_time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(DeployOutcome, model_version, circuit, revision,
                                                failure_reason, failure_message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ScheduleSpec, display_name, cron, time_zone,
                                                plant_ids, overlap_policy, catch_up_window, jitter)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SkippedTick, tick, reason, message)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Schedule, id, spec, paused, next_tick, due_time,
                                                last_tick, last_sweep_id, last_skipped, revision,
                                                create_time, update_time)
NLOHMANN_JSON_SERIALIZE_ENUM(ForecastSource,
                             {{ForecastSource::kDeployedVersion, "DEPLOYED_VERSION"},
                              {ForecastSource::kEarlierVersion, "EARLIER_VERSION"},
                              {ForecastSource::kSeasonalNaive, "SEASONAL_NAIVE"},
                              {ForecastSource::kLastValue, "LAST_VALUE"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ForecastPoint, time, value, lower, upper)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Withdrawal, time, actor, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Forecast, circuit, issue_time, model_version,
                                                target_column, interval_levels, points, remarks,
                                                sweep_id, create_time, horizon, source,
                                                source_reason, withdrawal)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord::Pin, model_version, actor, reason,
                                                create_time, expire_time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord::Serving, model_version,
                                                training_hash, deployment_hash, cutoff_date, mae,
                                                skill, deploy_time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord::LatestForecast, issue_time,
                                                create_time, answer_time, model_version, next_value,
                                                source, source_reason, fallback_since, stuck,
                                                stuck_since)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord::Live, scored_until, summary,
                                                drift_reason, drift_message, drift_since)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord::Step, state, reason, failure, result,
                                                create_time, update_time, champion_stood)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitRecord, circuit, display_name, desired_state,
                                                release_id, commit, training_hash, deployment_hash,
                                                cutoff_date, settings, unsound, unsound_because,
                                                step_group_id, training_run, pin, serving, forecast,
                                                live, step, failed_invocation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Condition, type, severity, reason, message, since)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(CircuitStatus, record, conditions)

template <typename T>
std::string AnswerText(const T& answer) {
  return nlohmann::json(answer).dump();
}

template <typename T>
absl::StatusOr<T> AnswerOf(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_structured()) return json.get<T>();
  return Refused(
      absl::StatusCode::kFailedPrecondition, "FIRST_ANSWER_UNREADABLE",
      "this request was carried out by an earlier release, which kept no answer that can "
      "be read now; read the resource, and use a new request id",
      {});
}

template <>
std::string AnswerText(const Sweep& answer) {
  return ToJson(answer.group);
}

template <>
absl::StatusOr<Sweep> AnswerOf(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(workqueue::Group group, workqueue::GroupFromJson(text));
  return SweepOf(std::move(group));
}

template <>
std::string AnswerText(const Invocation& answer) {
  nlohmann::json json(answer.task);
  json["wait_reason"] = answer.wait_reason;
  return json.dump();
}

template <>
absl::StatusOr<Invocation> AnswerOf(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(workqueue::Task task, workqueue::TaskFromJson(text));
  Invocation invocation = InvocationOf(std::move(task));
  invocation.wait_reason = nlohmann::json::parse(text).value("wait_reason", "");
  return invocation;
}

template <>
std::string AnswerText(const Release& answer) {
  nlohmann::json json(answer.group);
  json["in_force"] = answer.in_force;
  json["training_run"] = answer.training_run;
  json["obstacle"] = answer.obstacle;
  return json.dump();
}

template <>
absl::StatusOr<Release> AnswerOf(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(workqueue::Group group, workqueue::GroupFromJson(text));
  const auto json = nlohmann::json::parse(text);
  Release release = ReleaseOf(std::move(group), json.value("in_force", false));
  release.training_run = json.value("training_run", "");
  release.obstacle = json.value("obstacle", "");
  return release;
}

template std::string AnswerText(const Deployment&);
template std::string AnswerText(const std::vector<DeployOutcome>&);
template std::string AnswerText(const Schedule&);
template std::string AnswerText(const Forecast&);
template std::string AnswerText(const CircuitStatus&);
template absl::StatusOr<Deployment> AnswerOf(const std::string&);
template absl::StatusOr<std::vector<DeployOutcome>> AnswerOf(const std::string&);
template absl::StatusOr<Schedule> AnswerOf(const std::string&);
template absl::StatusOr<Forecast> AnswerOf(const std::string&);
template absl::StatusOr<CircuitStatus> AnswerOf(const std::string&);

}  // namespace fleetcast::inference
