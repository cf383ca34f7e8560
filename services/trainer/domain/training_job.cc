#include "services/trainer/domain/training_job.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/json.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {

using nlohmann::json;
using workqueue::GroupState;

NLOHMANN_JSON_SERIALIZE_ENUM(JobPhase, {{JobPhase::kNone, "NONE"},
                                        {JobPhase::kReadingData, "READING_DATA"},
                                        {JobPhase::kTraining, "TRAINING"},
                                        {JobPhase::kEvaluating, "EVALUATING"},
                                        {JobPhase::kPublishing, "PUBLISHING"}})
// The last two are what releases before 0.3 wrote.
NLOHMANN_JSON_SERIALIZE_ENUM(GateVerdict, {{GateVerdict::kNotBetter, "NOT_BETTER"},
                                           {GateVerdict::kBetter, "BETTER"},
                                           {GateVerdict::kNotComparable, "NOT_COMPARABLE"},
                                           {GateVerdict::kAsGood, "AS_GOOD"},
                                           {GateVerdict::kNotBetter, "CANDIDATE"},
                                           {GateVerdict::kBetter, "CHAMPION"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunSpec, base_revision, head_revision, circuits,
                                                revision, reuse_versions, plant_base,
                                                pull_request_number, pull_request_author)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(RunPin, spec, commit, merge_base_commit, retry_of,
                                                note)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JobProgress, phase, epoch, epochs, training_loss,
                                                validation_loss, circuits_read, circuits,
                                                experiment_run, data_asset_version, data_warnings,
                                                waits_for)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(GateOutcome, verdict, why, mae, skill, naive_mae,
                                                champion_mae, margin, champion, windows,
                                                first_unix_seconds, last_unix_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(JobResult, model_version, members, remarks, gate,
                                                circuit_count, skill)

std::string Word(GateVerdict verdict) { return json(verdict).get<std::string>(); }
std::string ToJson(const RunPin& pin) { return json(pin).dump(); }
std::string ToJson(const JobProgress& progress) { return json(progress).dump(); }
std::string ToJson(const JobResult& result) { return json(result).dump(); }

absl::StatusOr<RunPin> RunPinFromJson(const std::string& text) {
  return FromJson<RunPin>(text, "what the run pinned");
}

TrainingRun RunOf(workqueue::Group group) {
  TrainingRun run{.pin = RunPinFromJson(group.pin).value_or(RunPin{})};
  run.group = std::move(group);
  return run;
}

TrainingJob JobOf(workqueue::Task task) {
  TrainingJob job{.subject =
                      SubjectFromJson(task.name, task.payload).value_or(SubjectOfJob(task.name))};
  if (!task.progress.empty())
    job.progress = FromJson<JobProgress>(task.progress, "progress").value_or(JobProgress{});
  if (!task.result.empty())
    if (auto result = FromJson<JobResult>(task.result, "a result"); result.ok())
      job.result = *std::move(result);
  job.task = std::move(task);
  return job;
}

NLOHMANN_JSON_SERIALIZE_ENUM(ExperimentRunEnd, {{ExperimentRunEnd::kKilled, "KILLED"},
                                                {ExperimentRunEnd::kFinished, "FINISHED"},
                                                {ExperimentRunEnd::kFailed, "FAILED"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(OpenRun, experiment_run, why, end)

std::string ToJson(const OpenRun& open) { return nlohmann::json(open).dump(); }

absl::StatusOr<OpenRun> OpenRunFromJson(const std::string& json) {
  return FromJson<OpenRun>(json, "an experiment run to be closed");
}

absl::StatusOr<HeldJob> HeldJobOf(const workqueue::FetchedTask& task, const std::string& replica) {
  HeldJob job{.name = {task.group_id, task.name},
              .lease_epoch = task.lease_epoch,
              .attempt_count = task.attempt_count,
              .replica = replica};
  FLEETCAST_ASSIGN_OR_RETURN(job.subject, SubjectFromJson(task.name, task.payload));
  FLEETCAST_ASSIGN_OR_RETURN(job.run, RunPinFromJson(task.pin));
  return job;
}

std::string WhyOf(const JobResult& result) {
  if (result.gate) return result.gate->why;
  return absl::StrFormat("a base of %d %s, with a skill of %+.1f %% on their test rows",
                         result.circuit_count, result.circuit_count == 1 ? "circuit" : "circuits",
                         100 * result.skill);
}

std::string RunReason(const TrainingRun& run) {
  const workqueue::Counts& counts = run.group.counts;
  const int total = counts.total();
  std::string reason;
  switch (run.group.state) {
    case GroupState::kQueued:
      reason = total == 1 ? "1 job waits to be started, and says for what"
                          : absl::StrCat(total, " jobs wait to be started; each says for what");
      break;
    case GroupState::kRunning:
      reason = absl::StrCat(counts.running, " of ", total, " jobs running, ", counts.queued,
                            " queued, ", counts.failed, " failed");
      break;
    case GroupState::kSucceeded:
      reason = total == 0 && run.pin.spec.plant_base
                   ? "nothing to train: no plant has a circuit whose configuration is sound"
               : total == 0 ? "nothing to train: no circuit's training configuration changed"
                            : absl::StrCat("all ", total, " jobs succeeded");
      break;
    case GroupState::kPartiallySucceeded:
    case GroupState::kFailed:
      reason = absl::StrCat(counts.failed, " of ", total, " jobs failed");
      break;
    case GroupState::kCancelled:
      reason = absl::StrCat(counts.cancelled, " of ", total, " jobs were cancelled");
      break;
  }
  if (run.group.paused && !IsTerminal(run.group.state)) absl::StrAppend(&reason, "; paused");
  if (!run.pin.note.empty()) absl::StrAppend(&reason, "; ", run.pin.note);
  return reason;
}

}  // namespace fleetcast::trainer
