#include "services/trainer/rpc/training_messages.h"

#include <optional>

#include "absl/time/time.h"
#include "services/trainer/domain/job_transition.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

void Set(absl::Time time, google::protobuf::Timestamp* message) {
  const std::int64_t micros = absl::ToUnixMicros(time);
  message->set_seconds(micros / 1'000'000);
  message->set_nanos(static_cast<std::int32_t>(micros % 1'000'000) * 1000);
}

v1::TrainingRunSpec MessageOf(const RunSpec& spec) {
  v1::TrainingRunSpec message;
  if (spec.circuits.empty()) {
    message.mutable_revision_range()->set_base_revision(spec.base_revision);
    message.mutable_revision_range()->set_head_revision(spec.head_revision);
  } else {
    v1::CircuitSelection& selection = *message.mutable_circuit_selection();
    selection.mutable_circuits()->Add(spec.circuits.begin(), spec.circuits.end());
    selection.set_revision(spec.revision);
  }
  if (spec.pull_request_number > 0) {
    message.mutable_pull_request()->set_number(spec.pull_request_number);
    message.mutable_pull_request()->set_author(spec.pull_request_author);
  }
  return message;
}

v1::TrainingRun::State MessageOf(RunState state) {
  switch (state) {
    case RunState::kQueued:
      return v1::TrainingRun::STATE_QUEUED;
    case RunState::kRunning:
      return v1::TrainingRun::STATE_RUNNING;
    case RunState::kSucceeded:
      return v1::TrainingRun::STATE_SUCCEEDED;
    case RunState::kFailed:
      return v1::TrainingRun::STATE_FAILED;
    case RunState::kCancelled:
      return v1::TrainingRun::STATE_CANCELLED;
  }
  return v1::TrainingRun::STATE_UNSPECIFIED;
}

v1::TrainingJob::State MessageOf(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return v1::TrainingJob::STATE_QUEUED;
    case JobState::kRunning:
      return v1::TrainingJob::STATE_RUNNING;
    case JobState::kSucceeded:
      return v1::TrainingJob::STATE_SUCCEEDED;
    case JobState::kFailed:
      return v1::TrainingJob::STATE_FAILED;
    case JobState::kCancelled:
      return v1::TrainingJob::STATE_CANCELLED;
  }
  return v1::TrainingJob::STATE_UNSPECIFIED;
}

v1::JobFailure::Kind MessageOf(FailureKind kind) {
  switch (kind) {
    case FailureKind::kData:
      return v1::JobFailure::KIND_DATA;
    case FailureKind::kConfiguration:
      return v1::JobFailure::KIND_CONFIGURATION;
    case FailureKind::kDivergence:
      return v1::JobFailure::KIND_DIVERGENCE;
    case FailureKind::kEnvironment:
      return v1::JobFailure::KIND_ENVIRONMENT;
    case FailureKind::kInternal:
      return v1::JobFailure::KIND_INTERNAL;
  }
  return v1::JobFailure::KIND_UNSPECIFIED;
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
  return message;
}

v1::GateOutcome MessageOf(const GateOutcome& gate) {
  v1::GateOutcome message;
  message.set_verdict(gate.verdict == GateVerdict::kChampion ? v1::GateOutcome::VERDICT_CHAMPION
                                                             : v1::GateOutcome::VERDICT_CANDIDATE);
  message.set_why(gate.why);
  message.set_mae(gate.mae);
  message.set_skill(gate.skill);
  message.set_naive_mae(gate.naive_mae);
  if (gate.champion_mae) message.set_champion_mae(*gate.champion_mae);
  message.set_champion(gate.champion);
  return message;
}

void SetOutcome(const TrainingJob& job, v1::TrainingJob& message) {
  if (job.failure) {
    message.mutable_failure()->set_kind(MessageOf(job.failure->kind));
    message.mutable_failure()->set_reason(job.failure->reason);
    message.mutable_failure()->set_message(job.failure->message);
  }
  if (job.result) {
    message.set_model_version(job.result->model_version);
    *message.mutable_gate_outcome() = MessageOf(job.result->gate);
  }
}

void SetTimes(const TrainingJob& job, v1::TrainingJob& message) {
  if (job.lease_expires_at) Set(*job.lease_expires_at, message.mutable_lease_expire_time());
  Set(job.created_at, message.mutable_create_time());
  if (job.started_at) Set(*job.started_at, message.mutable_start_time());
  if (job.ended_at) Set(*job.ended_at, message.mutable_end_time());
  Set(job.updated_at, message.mutable_update_time());
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
  }
  spec.pull_request_number = message.pull_request().number();
  spec.pull_request_author = message.pull_request().author();
  return spec;
}

v1::TrainingRun MessageOf(const TrainingRun& run) {
  v1::TrainingRun message;
  message.set_name(RunResource(run.id));
  *message.mutable_spec() = MessageOf(run.spec);
  message.set_state(MessageOf(run.state));
  message.set_state_reason(RunReason(run));
  message.set_commit(run.commit);
  message.set_merge_base_commit(run.merge_base_commit);
  v1::JobCounts& counts = *message.mutable_job_counts();
  counts.set_queued(run.counts.queued);
  counts.set_running(run.counts.running);
  counts.set_succeeded(run.counts.succeeded);
  counts.set_failed(run.counts.failed);
  counts.set_cancelled(run.counts.cancelled);
  counts.set_total(run.counts.total());
  if (!run.retry_of.empty()) message.set_retry_of(RunResource(run.retry_of));
  message.set_cancel_requested(run.cancel_requested);
  Set(run.created_at, message.mutable_create_time());
  if (run.started_at) Set(*run.started_at, message.mutable_start_time());
  if (run.ended_at) Set(*run.ended_at, message.mutable_end_time());
  Set(run.updated_at, message.mutable_update_time());
  return message;
}

v1::TrainingJob MessageOf(const TrainingJob& job) {
  v1::TrainingJob message;
  message.set_name(JobResource(job.name));
  message.set_circuit(CircuitResource(job.circuit.plant_id, job.circuit.circuit_id));
  message.set_plant_id(job.circuit.plant_id);
  message.set_circuit_id(job.circuit.circuit_id);
  message.set_cutoff_date(job.circuit.cutoff_date);
  message.set_environment(job.environment);
  message.set_commit(job.circuit.commit);
  message.set_state(MessageOf(job.state));
  message.set_state_reason(job.state == JobState::kQueued ? QueueReason(job) : job.state_reason);
  message.set_attempt_count(job.attempt_count);
  message.set_max_attempts(job.max_attempts);
  message.set_lease_epoch(job.lease_epoch);
  message.set_replica(job.replica);
  *message.mutable_progress() = MessageOf(job.progress);
  message.set_cancel_requested(job.cancel_requested);
  message.set_experiment_run(job.progress.experiment_run);
  message.set_data_asset_version(job.progress.data_asset_version);
  SetOutcome(job, message);
  SetTimes(job, message);
  return message;
}

}  // namespace fleetcast::trainer
