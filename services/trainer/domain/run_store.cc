#include "services/trainer/domain/run_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {

using workqueue::Word;

absl::Status RunNotFound(const std::string& run_id) {
  return ResourceNotFound("TrainingRun", RunResource(run_id), "list the runs to find its name");
}

absl::Status JobNotFound(const JobName& name) {
  return ResourceNotFound("TrainingJob", JobResource(name), "list the run's jobs to find its name");
}

absl::Status RunEnded(const std::string& run_id, workqueue::GroupState state) {
  return Refused(absl::StatusCode::kFailedPrecondition, "TRAINING_RUN_ENDED",
                 absl::StrCat(RunResource(run_id), " has ended as ", Word(state),
                              "; there is nothing left to cancel"),
                 {{"training_run", RunResource(run_id)}, {"state", Word(state)}});
}

absl::Status RunNotEnded(const std::string& run_id, workqueue::GroupState state) {
  return Refused(absl::StatusCode::kFailedPrecondition, "TRAINING_RUN_NOT_ENDED",
                 absl::StrCat(RunResource(run_id), " is still ", Word(state),
                              "; wait until it has ended, or cancel it, and retry then"),
                 {{"training_run", RunResource(run_id)}, {"state", Word(state)}});
}

absl::Status NothingToRetry(const std::string& run_id) {
  return Refused(absl::StatusCode::kFailedPrecondition, "NOTHING_TO_RETRY",
                 absl::StrCat("no job of ", RunResource(run_id),
                              " failed; start a new run to train its circuits again"),
                 {{"training_run", RunResource(run_id)}});
}

absl::Status JobEnded(const JobName& name, workqueue::TaskState state) {
  return Refused(absl::StatusCode::kFailedPrecondition, "TRAINING_JOB_ENDED",
                 absl::StrCat(JobResource(name), " has ended as ", Word(state),
                              "; there is nothing left to cancel"),
                 {{"training_job", JobResource(name)}, {"state", Word(state)}});
}

const FilterFields& RunFilterFields() {
  static const FilterFields fields = {
      {.name = "state",
       .kind = FilterKind::kWord,
       .words = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
       .word_prefix = "STATE_"},
      {"commit"},
      {"pull_request.number", FilterKind::kInteger},
      {"pull_request.author"},
      {"retry_of"},
      {"create_time", FilterKind::kTime}};
  return fields;
}

const FilterFields& JobFilterFields() {
  static const FilterFields fields = {
      {.name = "state",
       .kind = FilterKind::kWord,
       .words = {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"},
       .word_prefix = "STATE_"},
      {"plant_id"},
      {"circuit_id"},
      {"cutoff_date", FilterKind::kDate},
      {"environment"},
      {"replica"},
      {.name = "failure.kind",
       .kind = FilterKind::kWord,
       .words = {"DATA", "CONFIGURATION", "MODEL", "ENVIRONMENT", "TIMEOUT", "INTERNAL"},
       .word_prefix = "KIND_"},
      {"failure.reason"}};
  return fields;
}

}  // namespace fleetcast::trainer
