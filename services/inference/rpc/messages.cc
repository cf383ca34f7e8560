#include "services/inference/rpc/messages.h"

#include <google/protobuf/duration.pb.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/inference/domain/invocation_transition.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* message) {
  const std::int64_t microseconds = absl::ToUnixMicros(time);
  message->set_seconds(absl::ToUnixSeconds(time));
  message->set_nanos(
      static_cast<std::int32_t>((microseconds - message->seconds() * 1'000'000) * 1000));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* message) {
  absl::Duration rest;
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest)));
}

v1::Sweep::State StateOf(SweepState state) {
  switch (state) {
    case SweepState::kQueued:
      return v1::Sweep::STATE_QUEUED;
    case SweepState::kRunning:
      return v1::Sweep::STATE_RUNNING;
    case SweepState::kSucceeded:
      return v1::Sweep::STATE_SUCCEEDED;
    case SweepState::kPartiallySucceeded:
      return v1::Sweep::STATE_PARTIALLY_SUCCEEDED;
    case SweepState::kFailed:
      return v1::Sweep::STATE_FAILED;
    case SweepState::kCancelled:
      return v1::Sweep::STATE_CANCELLED;
  }
  return v1::Sweep::STATE_UNSPECIFIED;
}

v1::Invocation::State StateOf(InvocationState state) {
  switch (state) {
    case InvocationState::kQueued:
      return v1::Invocation::STATE_QUEUED;
    case InvocationState::kRunning:
      return v1::Invocation::STATE_RUNNING;
    case InvocationState::kSucceeded:
      return v1::Invocation::STATE_SUCCEEDED;
    case InvocationState::kFailed:
      return v1::Invocation::STATE_FAILED;
    case InvocationState::kCancelled:
      return v1::Invocation::STATE_CANCELLED;
  }
  return v1::Invocation::STATE_UNSPECIFIED;
}

v1::InvocationFailure::Kind KindOf(FailureKind kind) {
  switch (kind) {
    case FailureKind::kData:
      return v1::InvocationFailure::KIND_DATA;
    case FailureKind::kModel:
      return v1::InvocationFailure::KIND_MODEL;
    case FailureKind::kTimeout:
      return v1::InvocationFailure::KIND_TIMEOUT;
    case FailureKind::kInternal:
      return v1::InvocationFailure::KIND_INTERNAL;
  }
  return v1::InvocationFailure::KIND_UNSPECIFIED;
}

void SetCounts(const InvocationCounts& counts, v1::InvocationCounts* message) {
  message->set_total(counts.total());
  message->set_queued(counts.queued);
  message->set_running(counts.running);
  message->set_succeeded(counts.succeeded);
  message->set_failed(counts.failed);
  message->set_cancelled(counts.cancelled);
}

void SetFailure(const Invocation& invocation, v1::InvocationFailure* message) {
  message->set_kind(KindOf(invocation.failure->kind));
  message->set_reason(invocation.failure->reason);
  message->set_message(invocation.failure->message);
  message->set_attempt(invocation.failed_attempt);
  if (invocation.failure_time) SetTime(*invocation.failure_time, message->mutable_time());
}

}  // namespace

v1::BatchEndpoint MessageOf(const BatchEndpoint& endpoint) {
  v1::BatchEndpoint message;
  message.set_name(EndpointResource(endpoint.plant_id));
  message.set_plant_id(endpoint.plant_id);
  message.set_display_name(endpoint.display_name);
  message.set_deployment_count(endpoint.deployment_count);
  SetTime(endpoint.create_time, message.mutable_create_time());
  SetTime(endpoint.update_time, message.mutable_update_time());
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
  message.mutable_environment_variables()->insert(deployment.environment_variables.begin(),
                                                  deployment.environment_variables.end());
  message.mutable_tags()->insert(deployment.tags.begin(), deployment.tags.end());
  message.set_artifact_sha256(deployment.artifact_sha256);
  message.set_sensor_id(settings.sensor_id);
  message.set_config_commit(settings.commit);
  message.set_etag(absl::StrCat(deployment.revision));
  SetTime(deployment.create_time, message.mutable_create_time());
  SetTime(deployment.update_time, message.mutable_update_time());
  return message;
}

v1::Sweep MessageOf(const Sweep& sweep) {
  v1::Sweep message;
  message.set_name(SweepResource(sweep.id));
  message.set_state(StateOf(sweep.state));
  message.set_state_reason(SweepReason(sweep));
  for (const std::string& plant : sweep.plant_ids) message.add_plant_ids(plant);
  if (sweep.as_of) SetTime(*sweep.as_of, message.mutable_as_of());
  if (!sweep.schedule_id.empty()) message.set_schedule(ScheduleResource(sweep.schedule_id));
  if (sweep.tick) SetTime(*sweep.tick, message.mutable_tick_time());
  if (!sweep.retry_of.empty()) message.set_retry_of(SweepResource(sweep.retry_of));
  SetCounts(sweep.counts, message.mutable_counts());
  SetTime(sweep.create_time, message.mutable_create_time());
  if (sweep.start_time) SetTime(*sweep.start_time, message.mutable_start_time());
  if (sweep.end_time) SetTime(*sweep.end_time, message.mutable_end_time());
  return message;
}

v1::Invocation MessageOf(const Invocation& invocation) {
  const CircuitId& circuit = invocation.name.circuit;
  v1::Invocation message;
  message.set_name(InvocationResource(invocation.name));
  message.set_plant_id(circuit.plant_id);
  message.set_circuit_id(circuit.circuit_id);
  message.set_deployment(DeploymentResource(circuit));
  message.set_model(ModelVersionResource(invocation.pin.model_version));
  message.set_state(StateOf(invocation.state));
  message.set_state_reason(invocation.state_reason);
  if (invocation.failure) SetFailure(invocation, message.mutable_failure());
  message.set_attempts(invocation.attempts);
  message.set_max_attempts(invocation.pin.max_attempts);
  SetDuration(invocation.pin.timeout, message.mutable_timeout());
  message.set_worker(invocation.worker);
  if (invocation.as_of) SetTime(*invocation.as_of, message.mutable_as_of());
  if (invocation.issue_time) {
    SetTime(*invocation.issue_time, message.mutable_issue_time());
    message.set_forecast(
        ForecastResource(circuit, *invocation.issue_time, invocation.pin.model_version));
  }
  SetTime(invocation.create_time, message.mutable_create_time());
  if (invocation.start_time) SetTime(*invocation.start_time, message.mutable_start_time());
  if (invocation.end_time) SetTime(*invocation.end_time, message.mutable_end_time());
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
  if (schedule.next_tick) SetTime(*schedule.next_tick, message.mutable_next_tick_time());
  if (schedule.last_tick) SetTime(*schedule.last_tick, message.mutable_last_tick_time());
  if (!schedule.last_sweep_id.empty()) {
    message.set_last_sweep(SweepResource(schedule.last_sweep_id));
  }
  message.set_etag(absl::StrCat(schedule.revision));
  SetTime(schedule.create_time, message.mutable_create_time());
  SetTime(schedule.update_time, message.mutable_update_time());
  return message;
}

v1::Forecast MessageOf(const Forecast& forecast) {
  v1::Forecast message;
  message.set_name(ForecastResource(forecast.circuit, forecast.issue_time, forecast.model_version));
  message.set_circuit(CircuitResource(forecast.circuit));
  SetTime(forecast.issue_time, message.mutable_issue_time());
  message.set_model_version(ModelVersionResource(forecast.model_version));
  message.set_target_column(forecast.target_column);
  message.set_invocation(InvocationResource({forecast.sweep_id, forecast.circuit}));
  SetTime(forecast.create_time, message.mutable_create_time());
  int step = 0;
  for (const ForecastPoint& point : forecast.points) {
    v1::ForecastPoint* out = message.add_points();
    out->set_step(++step);
    SetTime(point.time, out->mutable_time());
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

}  // namespace fleetcast::inference
