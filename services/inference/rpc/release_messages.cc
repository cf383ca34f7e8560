// Releases, their steps and circuits' statuses as messages. Words of the domain are those of the
// API without its prefixes.
#include "absl/strings/str_cat.h"
#include "common/workqueue/rpc/failure_message.h"
#include "services/inference/domain/live_accuracy.h"
#include "services/inference/domain/names.h"
#include "services/inference/rpc/messages.h"

namespace fleetcast::inference {
namespace {

using workqueue::Set;

template <typename Enum>
Enum EnumOf(const std::string& prefix, const std::string& word,
            bool (*parse)(google::protobuf::ConstStringParam, Enum*)) {
  Enum value{};
  parse(absl::StrCat(prefix, word), &value);
  return value;
}

v1::Condition::Severity SeverityOf(Severity severity) {
  return EnumOf("SEVERITY_", Word(severity), v1::Condition::Severity_Parse);
}

v1::Release::State StateMessage(ReleaseState state) {
  switch (state) {
    case ReleaseState::kApplying:
      return v1::Release::STATE_APPLYING;
    case ReleaseState::kApplied:
      return v1::Release::STATE_APPLIED;
    case ReleaseState::kDegraded:
      return v1::Release::STATE_DEGRADED;
    case ReleaseState::kSuperseded:
      return v1::Release::STATE_SUPERSEDED;
  }
  return v1::Release::STATE_UNSPECIFIED;
}

void SetPlan(const ReleasePlan& plan, v1::ReleasePlan* message) {
  message->set_in_sync(plan.in_sync);
  message->set_promote(plan.promote);
  message->set_train(plan.train);
  message->set_redeploy(plan.redeploy);
  message->set_retire(plan.retire);
  message->set_pinned(plan.pinned);
  message->set_unsound(plan.unsound);
  message->set_refused(plan.refused);
}

void SetServing(const CircuitRecord::Serving& serving, v1::Serving* message) {
  message->set_model_version(ModelVersionResource(serving.model_version));
  Set(serving.deploy_time, message->mutable_deploy_time());
  message->set_cutoff_date(serving.cutoff_date);
  if (serving.mae) message->set_mae(*serving.mae);
  if (serving.skill) message->set_skill(*serving.skill);
}

void SetForecast(const CircuitRecord& record, v1::LatestForecast* message) {
  const CircuitRecord::LatestForecast& forecast = *record.forecast;
  message->set_name(ForecastResource(record.circuit, forecast.issue_time, forecast.model_version));
  Set(forecast.issue_time, message->mutable_issue_time());
  Set(forecast.create_time, message->mutable_create_time());
  if (forecast.model_version > 0)
    message->set_model_version(ModelVersionResource(forecast.model_version));
  message->set_source(SourceMessage(forecast.source));
  message->set_source_reason(forecast.source_reason);
  if (forecast.next_value) message->set_next_value(*forecast.next_value);
}

void SetLive(const CircuitRecord& record, v1::LiveAccuracy* message) {
  const std::optional<LiveAccuracy> live = LiveAccuracyOf(record.live->summary);
  Set(record.live->scored_until, message->mutable_scored_until_time());
  if (record.serving && record.serving->mae) message->set_backtest_mae(*record.serving->mae);
  if (!live) return;
  message->set_scored_values(live->count);
  message->set_days(live->days);
  message->set_first_day(absl::FormatTime("%Y-%m-%d", live->first_day, absl::UTCTimeZone()));
  message->set_last_day(absl::FormatTime("%Y-%m-%d", live->last_day, absl::UTCTimeZone()));
  message->set_mae(live->mae);
  message->set_median_day_mae(live->median_day_mae);
  for (const HorizonBand& band : live->bands) {
    v1::LiveAccuracy::HorizonBand& out = *message->add_horizon_bands();
    out.set_first_step(band.first_step);
    out.set_last_step(band.last_step);
    out.set_scored_values(band.count);
    out.set_mae(band.mae);
  }
  for (std::size_t i = 0; i < live->levels.size() && i < live->covered.size(); ++i) {
    v1::LiveAccuracy::Coverage& out = *message->add_coverage();
    out.set_level(live->levels[i]);
    out.set_covered(live->covered[i]);
  }
}

void SetPin(const CircuitRecord::Pin& pin, v1::Pin* message) {
  message->set_model_version(ModelVersionResource(pin.model_version));
  message->set_actor(pin.actor);
  message->set_reason(pin.reason);
  Set(pin.create_time, message->mutable_create_time());
  if (pin.expire_time) Set(*pin.expire_time, message->mutable_expire_time());
}

}  // namespace

v1::Release MessageOf(const Release& release) {
  const workqueue::Group& group = release.group;
  v1::Release message;
  message.set_name(ReleaseResource(group.id));
  message.set_state(StateMessage(StateOf(release)));
  message.set_state_reason(ReleaseReason(release));
  message.set_in_force(release.in_force);
  message.set_commit(release.pin.commit);
  message.set_revision(release.pin.revision);
  if (!release.pin.previous_release.empty())
    message.set_previous_release(ReleaseResource(release.pin.previous_release));
  if (!release.pin.rollback_of.empty())
    message.set_rollback_of(ReleaseResource(release.pin.rollback_of));
  message.set_actor(release.pin.actor);
  message.set_reason(release.pin.reason);
  SetPlan(release.pin.plan, message.mutable_plan());
  v1::StepCounts& counts = *message.mutable_step_counts();
  counts.set_queued(group.counts.queued);
  counts.set_running(group.counts.running);
  counts.set_succeeded(group.counts.succeeded);
  counts.set_failed(group.counts.failed);
  counts.set_cancelled(group.counts.cancelled);
  counts.set_total(group.counts.total());
  message.set_training_run(release.training_run);
  for (const std::string& key : release.pin.unsound_circuits)
    message.add_unsound_circuits(CircuitResource(CircuitOfKey(key)));
  Set(group.created_at, message.mutable_create_time());
  if (group.ended_at) Set(*group.ended_at, message.mutable_end_time());
  return message;
}

v1::ReleaseStep MessageOf(const ReleaseStep& step) {
  const workqueue::Task& task = step.task;
  v1::ReleaseStep message;
  message.set_name(ReleaseStepResource(task.group_id, step.circuit));
  message.set_circuit(CircuitResource(step.circuit));
  message.set_state(EnumOf("STATE_", Word(task.state), v1::ReleaseStep::State_Parse));
  message.set_state_reason(task.state_reason);
  if (task.state == workqueue::TaskState::kSucceeded) {
    message.set_action(EnumOf("ACTION_", Word(step.result.action), v1::ReleaseStep::Action_Parse));
    if (step.result.model_version > 0)
      message.set_model_version(ModelVersionResource(step.result.model_version));
  }
  if (task.failure) *message.mutable_failure() = workqueue::MessageOf(*task.failure);
  Set(task.updated_at, message.mutable_update_time());
  return message;
}

v1::CircuitStatus MessageOf(const CircuitStatus& status) {
  const CircuitRecord& record = status.record;
  v1::CircuitStatus message;
  message.set_name(StatusResource(record.circuit));
  message.set_plant_id(record.circuit.plant_id);
  message.set_circuit_id(record.circuit.circuit_id);
  message.set_display_name(record.display_name);
  message.set_plant_display_name(record.settings.plant_display_name);
  message.set_sensor_id(record.settings.sensor_id);
  if (record.desired_state != DesiredState::kNone) {
    message.set_desired_state(EnumOf("DESIRED_STATE_", Word(record.desired_state),
                                     v1::CircuitStatus::DesiredState_Parse));
    message.set_release(ReleaseResource(record.release_id));
  }
  message.set_commit(record.commit);
  message.set_training_hash(record.training_hash);
  message.set_deployment_hash(record.deployment_hash);
  message.set_cutoff_date(record.cutoff_date);
  if (record.serving) SetServing(*record.serving, message.mutable_serving());
  if (record.forecast) SetForecast(record, message.mutable_latest_forecast());
  if (record.live) SetLive(record, message.mutable_live_accuracy());
  if (record.pin) SetPin(*record.pin, message.mutable_pin());
  for (const Condition& condition : status.conditions) {
    v1::Condition& out = *message.add_conditions();
    out.set_type(EnumOf("TYPE_", Word(condition.type), v1::Condition::Type_Parse));
    out.set_severity(SeverityOf(condition.severity));
    out.set_reason(condition.reason);
    out.set_message(condition.message);
    if (condition.since) Set(*condition.since, out.mutable_since());
  }
  message.set_severity(SeverityOf(WorstOf(status.conditions)));
  return message;
}

v1::FleetSummary MessageOf(const FleetSummary& summary) {
  v1::FleetSummary message;
  message.set_circuits(summary.circuits);
  message.mutable_by_severity()->insert(summary.by_severity.begin(), summary.by_severity.end());
  message.mutable_by_condition()->insert(summary.by_condition.begin(), summary.by_condition.end());
  for (const FleetProblem& problem : summary.problems) {
    v1::FleetProblem& out = *message.add_problems();
    out.set_severity(SeverityOf(problem.severity));
    out.set_reason(problem.reason);
    out.set_message(problem.message);
    out.set_resource(problem.resource);
  }
  return message;
}

}  // namespace fleetcast::inference
