#include "services/inference/storage/first_answer.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "services/inference/domain/deployment_json.h"
#include "services/inference/domain/deployment_store.h"
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
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ForecastRemark, kind, column, count, text)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Withdrawal, time, actor, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Forecast, circuit, issue_time, model_version,
                                                target_column, interval_levels, points, remarks,
                                                sweep_id, create_time, horizon, source,
                                                source_reason, withdrawal)
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
  return ToJson(answer.task);
}

template <>
absl::StatusOr<Invocation> AnswerOf(const std::string& text) {
  FLEETCAST_ASSIGN_OR_RETURN(workqueue::Task task, workqueue::TaskFromJson(text));
  return InvocationOf(std::move(task));
}

template std::string AnswerText(const Deployment&);
template std::string AnswerText(const std::vector<DeployOutcome>&);
template std::string AnswerText(const Schedule&);
template std::string AnswerText(const Forecast&);
template absl::StatusOr<Deployment> AnswerOf(const std::string&);
template absl::StatusOr<std::vector<DeployOutcome>> AnswerOf(const std::string&);
template absl::StatusOr<Schedule> AnswerOf(const std::string&);
template absl::StatusOr<Forecast> AnswerOf(const std::string&);

}  // namespace fleetcast::inference
