#include "services/inference/rpc/messages.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/workqueue/rpc/failure_message.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {
namespace {

using workqueue::GroupState;
using workqueue::Set;
using workqueue::TaskState;

void SetDuration(absl::Duration duration, google::protobuf::Duration* message) {
  absl::Duration rest;
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest)));
}

v1::Sweep::State StateOf(GroupState state) {
  switch (state) {
    case GroupState::kQueued:
      return v1::Sweep::STATE_QUEUED;
    case GroupState::kRunning:
      return v1::Sweep::STATE_RUNNING;
    case GroupState::kSucceeded:
      return v1::Sweep::STATE_SUCCEEDED;
    case GroupState::kPartiallySucceeded:
      return v1::Sweep::STATE_PARTIALLY_SUCCEEDED;
    case GroupState::kFailed:
      return v1::Sweep::STATE_FAILED;
    case GroupState::kCancelled:
      return v1::Sweep::STATE_CANCELLED;
  }
  return v1::Sweep::STATE_UNSPECIFIED;
}

v1::Invocation::State StateOf(TaskState state) {
  switch (state) {
    case TaskState::kQueued:
      return v1::Invocation::STATE_QUEUED;
    case TaskState::kRunning:
      return v1::Invocation::STATE_RUNNING;
    case TaskState::kSucceeded:
      return v1::Invocation::STATE_SUCCEEDED;
    case TaskState::kFailed:
      return v1::Invocation::STATE_FAILED;
    case TaskState::kCancelled:
      return v1::Invocation::STATE_CANCELLED;
  }
  return v1::Invocation::STATE_UNSPECIFIED;
}

void SetCounts(const workqueue::Counts& counts, v1::InvocationCounts* message) {
  message->set_total(counts.total());
  message->set_queued(counts.queued);
  message->set_running(counts.running);
  message->set_succeeded(counts.succeeded);
  message->set_failed(counts.failed);
  message->set_cancelled(counts.cancelled);
}

void SetPolicies(const ScheduleSpec& spec, v1::Schedule* message) {
  v1::Schedule::OverlapPolicy policy{};
  v1::Schedule::OverlapPolicy_Parse("OVERLAP_POLICY_" + Word(spec.overlap_policy), &policy);
  message->set_overlap_policy(policy);
  if (spec.catch_up_window != absl::InfiniteDuration())
    SetDuration(spec.catch_up_window, message->mutable_catch_up_window());
  if (spec.jitter > absl::ZeroDuration()) SetDuration(spec.jitter, message->mutable_jitter());
}

}  // namespace

v1::Forecast::Source SourceMessage(ForecastSource source) {
  switch (source) {
    case ForecastSource::kDeployedVersion:
      return v1::Forecast::SOURCE_DEPLOYED_VERSION;
    case ForecastSource::kEarlierVersion:
      return v1::Forecast::SOURCE_EARLIER_VERSION;
    case ForecastSource::kSeasonalNaive:
      return v1::Forecast::SOURCE_SEASONAL_NAIVE;
    case ForecastSource::kLastValue:
      return v1::Forecast::SOURCE_LAST_VALUE;
  }
  return v1::Forecast::SOURCE_UNSPECIFIED;
}

v1::BatchEndpoint MessageOf(const BatchEndpoint& endpoint) {
  v1::BatchEndpoint message;
  message.set_name(EndpointResource(endpoint.plant_id));
  message.set_plant_id(endpoint.plant_id);
  message.set_display_name(endpoint.display_name);
  message.set_deployment_count(endpoint.deployment_count);
  Set(endpoint.create_time, message.mutable_create_time());
  Set(endpoint.update_time, message.mutable_update_time());
  return message;
}

v1::Deployment MessageOf(const Deployment& deployment) {
  const DeploymentSettings& settings = deployment.settings;
  v1::Deployment message;
  message.set_name(DeploymentResource(deployment.circuit));
  message.set_plant_id(deployment.circuit.plant_id);
  message.set_circuit_id(deployment.circuit.circuit_id);
  message.set_display_name(settings.display_name);
  message.set_model(ModelVersionResource(deployment.model_version));
  message.set_environment(deployment.environment);
  message.set_compute(settings.compute);
  message.set_instance_count(settings.instance_count);
  message.set_mini_batch_size(settings.mini_batch_size);
  message.set_max_concurrency_per_instance(settings.max_concurrency_per_instance);
  SetDuration(settings.timeout, message.mutable_timeout());
  message.set_error_threshold(settings.error_threshold);
  message.mutable_retry_settings()->set_max_retries(settings.max_retries);
  SetDuration(settings.retry_timeout, message.mutable_retry_settings()->mutable_timeout());
  message.mutable_environment_variables()->insert(deployment.environment_variables.begin(),
                                                  deployment.environment_variables.end());
  message.mutable_tags()->insert(deployment.tags.begin(), deployment.tags.end());
  message.set_artifact_sha256(deployment.artifact_sha256);
  message.set_sensor_id(settings.sensor_id);
  message.set_config_commit(settings.commit);
  message.set_fallback(settings.fallback == Fallback::kNone
                           ? v1::Deployment::FALLBACK_NONE
                           : v1::Deployment::FALLBACK_EARLIER_VERSION_OR_NAIVE);
  if (deployment.earlier)
    message.set_earlier_model(ModelVersionResource(deployment.earlier->model_version));
  message.set_etag(absl::StrCat(deployment.revision));
  Set(deployment.create_time, message.mutable_create_time());
  Set(deployment.update_time, message.mutable_update_time());
  return message;
}

v1::DeployOutcome MessageOf(const DeployOutcome& outcome) {
  v1::DeployOutcome message;
  message.set_model_version(ModelVersionResource(outcome.model_version));
  if (!outcome.circuit.plant_id.empty()) {
    message.set_deployment(DeploymentResource(outcome.circuit));
  }
  if (outcome.failure_reason.empty()) {
    message.set_etag(absl::StrCat(outcome.revision));
  } else {
    message.mutable_failure()->set_reason(outcome.failure_reason);
    message.mutable_failure()->set_message(outcome.failure_message);
  }
  return message;
}

v1::Sweep MessageOf(const Sweep& sweep) {
  const workqueue::Group& group = sweep.group;
  v1::Sweep message;
  message.set_name(SweepResource(group.id));
  message.set_state(StateOf(group.state));
  message.set_state_reason(SweepReason(sweep));
  for (const std::string& plant : sweep.pin.plant_ids) message.add_plant_ids(plant);
  if (sweep.pin.as_of) Set(*sweep.pin.as_of, message.mutable_as_of());
  if (!sweep.pin.schedule_id.empty()) message.set_schedule(ScheduleResource(sweep.pin.schedule_id));
  if (sweep.pin.tick) Set(*sweep.pin.tick, message.mutable_tick_time());
  if (!sweep.pin.retry_of.empty()) message.set_retry_of(SweepResource(sweep.pin.retry_of));
  SetCounts(group.counts, message.mutable_counts());
  message.mutable_counts()->set_on_fallback(sweep.on_fallback);
  message.set_paused(group.paused);
  for (const std::string& plant : sweep.pin.missing_plants) message.add_missing_plant_ids(plant);
  for (const std::string& id : sweep.pin.replaced) message.add_replaced_sweeps(SweepResource(id));
  for (const std::string& circuit : sweep.pin.circuits)
    message.add_circuits(CircuitResource(CircuitOfKey(circuit)));
  if (sweep.pin.backfill) {
    v1::Backfill& backfill = *message.mutable_backfill();
    Set(sweep.pin.backfill->start, backfill.mutable_start_time());
    Set(sweep.pin.backfill->end, backfill.mutable_end_time());
    backfill.mutable_every()->set_seconds(sweep.pin.backfill->every_seconds);
    backfill.set_window_count(WindowsOf(*sweep.pin.backfill));
  }
  Set(group.created_at, message.mutable_create_time());
  if (group.started_at) Set(*group.started_at, message.mutable_start_time());
  if (group.ended_at) Set(*group.ended_at, message.mutable_end_time());
  return message;
}

v1::Invocation MessageOf(const Invocation& invocation) {
  const CircuitId& circuit = invocation.name.circuit;
  const workqueue::Task& task = invocation.task;
  v1::Invocation message;
  message.set_name(InvocationResource(invocation.name));
  message.set_plant_id(circuit.plant_id);
  message.set_circuit_id(circuit.circuit_id);
  message.set_deployment(DeploymentResource(circuit));
  message.set_model(ModelVersionResource(invocation.pin.model_version));
  message.set_state(StateOf(task.state));
  message.set_state_reason(InvocationReason(invocation));
  if (task.failure) *message.mutable_failure() = workqueue::MessageOf(*task.failure);
  message.set_attempt_count(task.attempt_count);
  message.set_max_attempts(task.max_attempts);
  message.set_snooze_count(task.snooze_count);
  SetDuration(absl::Seconds(invocation.pin.timeout_seconds), message.mutable_timeout());
  message.set_pool("pools/" + task.pool);
  message.set_replica(task.holder);
  message.set_lease_epoch(task.lease_epoch);
  if (task.lease_expires_at) Set(*task.lease_expires_at, message.mutable_lease_expire_time());
  if (invocation.pin.as_of) Set(*invocation.pin.as_of, message.mutable_as_of());
  const InvocationResult& result = invocation.result;
  if (result.issue_time) {
    const bool deployed = result.source == ForecastSource::kDeployedVersion;
    Set(*result.issue_time, message.mutable_issue_time());
    message.set_forecast(
        ForecastResource(circuit, *result.issue_time,
                         deployed ? invocation.pin.model_version : result.model_version));
    message.set_source(SourceMessage(result.source));
    message.set_source_reason(result.source_reason);
  }
  if (invocation.backfill) {
    v1::BackfillProgress& progress = *message.mutable_backfill_progress();
    progress.set_window_count(invocation.backfill->windows);
    progress.set_made_count(invocation.backfill->done - invocation.backfill->failed);
    progress.set_failed_count(invocation.backfill->failed);
    progress.set_repeated_count(invocation.backfill->repeated);
    progress.set_first_failure(invocation.backfill->first_failure);
  }
  Set(task.created_at, message.mutable_create_time());
  if (task.started_at) Set(*task.started_at, message.mutable_start_time());
  if (task.ended_at) Set(*task.ended_at, message.mutable_end_time());
  return message;
}

v1::Schedule MessageOf(const Schedule& schedule) {
  v1::Schedule message;
  message.set_name(ScheduleResource(schedule.id));
  message.set_display_name(schedule.spec.display_name);
  message.set_cron(schedule.spec.cron);
  message.set_time_zone(schedule.spec.time_zone.empty() ? "UTC" : schedule.spec.time_zone);
  for (const std::string& plant : schedule.spec.plant_ids) message.add_plant_ids(plant);
  message.set_state(schedule.paused ? v1::Schedule::STATE_PAUSED : v1::Schedule::STATE_ACTIVE);
  if (schedule.next_tick) Set(*schedule.next_tick, message.mutable_next_tick_time());
  if (schedule.last_tick) Set(*schedule.last_tick, message.mutable_last_tick_time());
  if (!schedule.last_sweep_id.empty()) {
    message.set_last_sweep(SweepResource(schedule.last_sweep_id));
  }
  SetPolicies(schedule.spec, &message);
  if (schedule.due_time) Set(*schedule.due_time, message.mutable_next_sweep_time());
  if (schedule.last_skipped) {
    v1::SkippedTick& skipped = *message.mutable_last_skipped_tick();
    Set(schedule.last_skipped->tick, skipped.mutable_tick_time());
    skipped.set_reason(schedule.last_skipped->reason);
    skipped.set_message(schedule.last_skipped->message);
  }
  message.set_etag(absl::StrCat(schedule.revision));
  Set(schedule.create_time, message.mutable_create_time());
  Set(schedule.update_time, message.mutable_update_time());
  return message;
}

v1::Forecast MessageOf(const Forecast& forecast) {
  v1::Forecast message;
  message.set_name(ForecastResource(forecast.circuit, forecast.issue_time, forecast.model_version));
  message.set_circuit(CircuitResource(forecast.circuit));
  Set(forecast.issue_time, message.mutable_issue_time());
  if (forecast.model_version > 0)
    message.set_model_version(ModelVersionResource(forecast.model_version));
  message.set_source(SourceMessage(forecast.source));
  message.set_source_reason(forecast.source_reason);
  message.set_target_column(forecast.target_column);
  message.set_invocation(InvocationResource({forecast.sweep_id, forecast.circuit}));
  Set(forecast.create_time, message.mutable_create_time());
  message.set_horizon(forecast.horizon);
  for (const ForecastRemark& remark : forecast.remarks) {
    v1::ForecastRemark& out = *message.add_remarks();
    out.set_kind(remark.kind);
    out.set_column(remark.column);
    out.set_count(remark.count);
    out.set_text(remark.text);
  }
  if (forecast.withdrawal) {
    v1::Withdrawal& out = *message.mutable_withdrawal();
    Set(forecast.withdrawal->time, out.mutable_time());
    out.set_actor(forecast.withdrawal->actor);
    out.set_reason(forecast.withdrawal->reason);
  }
  int step = 0;
  for (const ForecastPoint& point : forecast.points) {
    v1::ForecastPoint* out = message.add_points();
    out->set_step(++step);
    Set(point.time, out->mutable_time());
    out->set_value(point.value);
    for (std::size_t i = 0; i < point.lower.size() && i < forecast.interval_levels.size(); ++i) {
      v1::PredictionInterval* interval = out->add_intervals();
      interval->set_level(forecast.interval_levels[i]);
      interval->set_lower(point.lower[i]);
      interval->set_upper(point.upper[i]);
    }
  }
  return message;
}

absl::StatusOr<absl::Time> TimeFromMessage(const std::string& field,
                                           const google::protobuf::Timestamp& time) {
  constexpr std::int64_t kEnd = 253'370'764'800;  // 9999-01-01
  if (time.seconds() < 0 || time.seconds() >= kEnd || time.nanos() < 0 ||
      time.nanos() >= 1'000'000'000) {
    return InvalidField(field, "must be a time of the years 1970 to 9998");
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::StatusOr<absl::Duration> DurationFromMessage(const std::string& field,
                                                   const google::protobuf::Duration& duration) {
  constexpr std::int64_t kMost = 315'576'000'000;  // ten thousand years, as protobuf has it
  const bool one_sign = static_cast<std::int64_t>(duration.nanos()) * duration.seconds() >= 0;
  if (duration.seconds() > kMost || duration.seconds() < -kMost ||
      duration.nanos() >= 1'000'000'000 || duration.nanos() <= -1'000'000'000 || !one_sign) {
    return InvalidField(field,
                        "must be a duration of ten thousand years at most, its seconds and "
                        "nanos of one sign");
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace fleetcast::inference
