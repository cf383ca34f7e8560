#include "services/trainer/rpc/training_messages.h"

#include <optional>

#include "absl/time/time.h"
#include "common/workqueue/rpc/failure_message.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

using workqueue::GroupState;
using workqueue::Set;
using workqueue::TaskState;

v1::TrainingRunSpec MessageOf(const RunSpec& spec) {
  v1::TrainingRunSpec message;
  if (spec.circuits.empty()) {
    message.mutable_revision_range()->set_base_revision(spec.base_revision);
    message.mutable_revision_range()->set_head_revision(spec.head_revision);
  } else {
    v1::CircuitSelection& selection = *message.mutable_circuit_selection();
    selection.mutable_circuits()->Add(spec.circuits.begin(), spec.circuits.end());
    selection.set_revision(spec.revision);
    selection.set_reuse_versions(spec.reuse_versions);
    selection.set_plant_base(spec.plant_base);
  }
  if (spec.pull_request_number > 0) {
    message.mutable_pull_request()->set_number(spec.pull_request_number);
    message.mutable_pull_request()->set_author(spec.pull_request_author);
  }
  return message;
}

v1::TrainingRun::State MessageOf(GroupState state) {
  switch (state) {
    case GroupState::kQueued:
      return v1::TrainingRun::STATE_QUEUED;
    case GroupState::kRunning:
      return v1::TrainingRun::STATE_RUNNING;
    case GroupState::kSucceeded:
      return v1::TrainingRun::STATE_SUCCEEDED;
    case GroupState::kPartiallySucceeded:
    case GroupState::kFailed:
      return v1::TrainingRun::STATE_FAILED;
    case GroupState::kCancelled:
      return v1::TrainingRun::STATE_CANCELLED;
  }
  return v1::TrainingRun::STATE_UNSPECIFIED;
}

v1::TrainingJob::State MessageOf(TaskState state) {
  switch (state) {
    case TaskState::kQueued:
      return v1::TrainingJob::STATE_QUEUED;
    case TaskState::kRunning:
      return v1::TrainingJob::STATE_RUNNING;
    case TaskState::kSucceeded:
      return v1::TrainingJob::STATE_SUCCEEDED;
    case TaskState::kFailed:
      return v1::TrainingJob::STATE_FAILED;
    case TaskState::kCancelled:
      return v1::TrainingJob::STATE_CANCELLED;
  }
  return v1::TrainingJob::STATE_UNSPECIFIED;
}

v1::TrainingProgress::Phase MessageOf(JobPhase phase) {
  switch (phase) {
    case JobPhase::kNone:
      return v1::TrainingProgress::PHASE_UNSPECIFIED;
    case JobPhase::kReadingData:
      return v1::TrainingProgress::PHASE_READING_DATA;
    case JobPhase::kTraining:
      return v1::TrainingProgress::PHASE_TRAINING;
    case JobPhase::kEvaluating:
      return v1::TrainingProgress::PHASE_EVALUATING;
    case JobPhase::kPublishing:
      return v1::TrainingProgress::PHASE_PUBLISHING;
  }
  return v1::TrainingProgress::PHASE_UNSPECIFIED;
}

v1::TrainingProgress MessageOf(const JobProgress& progress) {
  v1::TrainingProgress message;
  message.set_phase(MessageOf(progress.phase));
  message.set_epoch(progress.epoch);
  message.set_epochs(progress.epochs);
  if (progress.training_loss) message.set_training_loss(*progress.training_loss);
  if (progress.validation_loss) message.set_validation_loss(*progress.validation_loss);
  message.set_waits_for(progress.waits_for);
  message.set_circuits_read(progress.circuits_read);
  message.set_circuits(progress.circuits);
  return message;
}

v1::GateOutcome::Verdict MessageOf(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kBetter:
      return v1::GateOutcome::VERDICT_BETTER;
    case GateVerdict::kNotBetter:
      return v1::GateOutcome::VERDICT_NOT_BETTER;
    case GateVerdict::kNotComparable:
      return v1::GateOutcome::VERDICT_NOT_COMPARABLE;
    case GateVerdict::kAsGood:
      return v1::GateOutcome::VERDICT_AS_GOOD;
  }
  return v1::GateOutcome::VERDICT_UNSPECIFIED;
}

v1::GateOutcome MessageOf(const GateOutcome& gate) {
  v1::GateOutcome message;
  message.set_verdict(MessageOf(gate.verdict));
  message.set_why(gate.why);
  message.set_mae(gate.mae);
  message.set_skill(gate.skill);
  message.set_naive_mae(gate.naive_mae);
  if (gate.champion_mae) message.set_champion_mae(*gate.champion_mae);
  message.set_champion(gate.champion);
  if (gate.margin) message.set_margin(*gate.margin);
  message.set_test_windows(gate.windows);
  if (gate.last_unix_seconds > 0) {
    Set(absl::FromUnixSeconds(gate.first_unix_seconds), message.mutable_test_start_time());
    Set(absl::FromUnixSeconds(gate.last_unix_seconds), message.mutable_test_end_time());
  }
  return message;
}

void SetOutcome(const TrainingJob& job, v1::TrainingJob& message) {
  if (job.task.failure) *message.mutable_failure() = workqueue::MessageOf(*job.task.failure);
  if (job.result) {
    message.set_model_version(job.result->model_version);
    message.set_members(job.result->members);
    message.set_remarks(job.result->remarks);
    if (job.result->gate) *message.mutable_gate_outcome() = MessageOf(*job.result->gate);
  }
}

void SetTimes(const workqueue::Task& task, v1::TrainingJob& message) {
  if (task.lease_expires_at) Set(*task.lease_expires_at, message.mutable_lease_expire_time());
  Set(task.created_at, message.mutable_create_time());
  if (task.started_at) Set(*task.started_at, message.mutable_start_time());
  if (task.ended_at) Set(*task.ended_at, message.mutable_end_time());
  Set(task.updated_at, message.mutable_update_time());
}

}  // namespace

RunSpec SpecOf(const v1::TrainingRunSpec& message) {
  RunSpec spec;
  if (message.has_revision_range()) {
    spec.base_revision = message.revision_range().base_revision();
    spec.head_revision = message.revision_range().head_revision();
  } else if (message.has_circuit_selection()) {
    const auto& circuits = message.circuit_selection().circuits();
    spec.circuits.assign(circuits.begin(), circuits.end());
    spec.revision = message.circuit_selection().revision();
    spec.reuse_versions = message.circuit_selection().reuse_versions();
    spec.plant_base = message.circuit_selection().plant_base();
  }
  spec.pull_request_number = message.pull_request().number();
  spec.pull_request_author = message.pull_request().author();
  return spec;
}

v1::TrainingRun MessageOf(const TrainingRun& run) {
  const workqueue::Group& group = run.group;
  v1::TrainingRun message;
  message.set_name(RunResource(group.id));
  *message.mutable_spec() = MessageOf(run.pin.spec);
  message.set_state(MessageOf(group.state));
  message.set_state_reason(RunReason(run));
  message.set_commit(run.pin.commit);
  message.set_merge_base_commit(run.pin.merge_base_commit);
  v1::JobCounts& counts = *message.mutable_job_counts();
  counts.set_queued(group.counts.queued);
  counts.set_running(group.counts.running);
  counts.set_succeeded(group.counts.succeeded);
  counts.set_failed(group.counts.failed);
  counts.set_cancelled(group.counts.cancelled);
  counts.set_total(group.counts.total());
  if (!run.pin.retry_of.empty()) message.set_retry_of(RunResource(run.pin.retry_of));
  message.set_paused(group.paused);
  Set(group.created_at, message.mutable_create_time());
  if (group.started_at) Set(*group.started_at, message.mutable_start_time());
  if (group.ended_at) Set(*group.ended_at, message.mutable_end_time());
  Set(group.updated_at, message.mutable_update_time());
  return message;
}

v1::TrainingJob MessageOf(const TrainingJob& job) {
  const workqueue::Task& task = job.task;
  v1::TrainingJob message;
  message.set_name(JobResource(job.name()));
  if (const CircuitConfig* circuit = job.subject.circuit()) {
    message.set_circuit(CircuitResource(circuit->plant_id, circuit->circuit_id));
    message.set_circuit_id(circuit->circuit_id);
    if (circuit->base_version > 0)
      message.set_base_version(PlantBaseVersion(circuit->base_version));
  }
  message.set_plant_id(job.subject.plant_id());
  message.set_cutoff_date(job.subject.cutoff_date());
  message.set_environment(job.subject.environment());
  message.set_commit(job.subject.commit());
  message.set_state(MessageOf(task.state));
  message.set_state_reason(job.wait.reason.empty() ? task.state_reason : job.wait.reason);
  message.set_blocked(job.wait.blocked);
  message.set_attempt_count(task.attempt_count);
  message.set_max_attempts(task.max_attempts);
  message.set_snooze_count(task.snooze_count);
  message.set_priority(task.priority);
  message.set_pool("pools/" + task.pool);
  message.set_lease_epoch(task.lease_epoch);
  message.set_replica(task.holder);
  *message.mutable_progress() = MessageOf(job.progress);
  message.set_experiment_run(job.progress.experiment_run);
  message.set_data_asset_version(job.progress.data_asset_version);
  message.mutable_data_warnings()->Add(job.progress.data_warnings.begin(),
                                       job.progress.data_warnings.end());
  SetOutcome(job, message);
  SetTimes(task, message);
  return message;
}

}  // namespace fleetcast::trainer
