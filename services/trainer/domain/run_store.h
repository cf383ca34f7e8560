// Port: training runs as the API sees them. Implementation: PostgresRunStore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

struct NewRun {
  RunPin pin;
  int max_attempts = 3;
  std::vector<Subject> subjects;  // one job each; none makes a run that has succeeded
};

// What changed of a run since a mark, all that had been committed when it was asked.
struct RunChanges {
  TrainingRun run;
  std::vector<TrainingJob> changed;  // queued or ended since, in order of change
  std::vector<TrainingJob> running;  // all that run now
  workqueue::Mark mark;              // for the next call
  bool more = false;                 // cut: ask again at once
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, and REQUEST_ID_REUSED to another request under the same id.
class RunStore {
 public:
  virtual ~RunStore() = default;

  // The run that a repeated CreateRun is answered with; nullopt if this request is new.
  [[nodiscard]] virtual absl::StatusOr<std::optional<TrainingRun>> FindCreatedRun(
      const MutatingRequest& request) = 0;
  [[nodiscard]] virtual absl::StatusOr<TrainingRun> CreateRun(const MutatingRequest& request,
                                                              const NewRun& run) = 0;
  // A new run of the failed jobs of `run_id`. NOT_FOUND; FAILED_PRECONDITION with reason
  // TRAINING_RUN_NOT_ENDED or NOTHING_TO_RETRY.
  [[nodiscard]] virtual absl::StatusOr<TrainingRun> RetryRun(const MutatingRequest& request,
                                                             const std::string& run_id) = 0;
  // What has not ended ends, held or not. NOT_FOUND; FAILED_PRECONDITION TRAINING_RUN_ENDED.
  [[nodiscard]] virtual absl::StatusOr<TrainingRun> CancelRun(const MutatingRequest& request,
                                                              const std::string& run_id) = 0;
  // NOT_FOUND; FAILED_PRECONDITION TRAINING_JOB_ENDED.
  [[nodiscard]] virtual absl::StatusOr<TrainingJob> CancelJob(const MutatingRequest& request,
                                                              const JobName& name) = 0;

  [[nodiscard]] virtual absl::StatusOr<TrainingRun> GetRun(const std::string& run_id) = 0;
  [[nodiscard]] virtual absl::StatusOr<TrainingJob> GetJob(const JobName& name) = 0;
  // Newest first; next_after is {run id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<TrainingRun>> ListRuns(
      const std::optional<Filter>& filter, const PageRequest& page) = 0;
  // Newest run first, within one by name; an empty `run_id` means all runs. next_after is
  // {run id, job id}. NOT_FOUND if the run does not exist.
  [[nodiscard]] virtual absl::StatusOr<PageOf<TrainingJob>> ListJobs(
      const std::string& run_id, const std::optional<Filter>& filter, const PageRequest& page) = 0;
  // What changed after `mark`. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<RunChanges> ChangesSince(const std::string& run_id,
                                                                const workqueue::Mark& mark) = 0;
};

// The errors above, worded once for every store.
[[nodiscard]] absl::Status RunNotFound(const std::string& run_id);
[[nodiscard]] absl::Status JobNotFound(const JobName& name);
[[nodiscard]] absl::Status RunEnded(const std::string& run_id, workqueue::GroupState state);
[[nodiscard]] absl::Status RunNotEnded(const std::string& run_id, workqueue::GroupState state);
[[nodiscard]] absl::Status NothingToRetry(const std::string& run_id);
[[nodiscard]] absl::Status JobEnded(const JobName& name, workqueue::TaskState state);

// What ListRuns and ListJobs can be filtered by.
[[nodiscard]] const FilterFields& RunFilterFields();
[[nodiscard]] const FilterFields& JobFilterFields();

}  // namespace fleetcast::trainer
