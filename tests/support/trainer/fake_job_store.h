// The trainer's ledger in memory: the same contract as the Postgres stores, its decisions taken
// from `domain/`, its time from a fake clock.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/trainer/domain/job_store.h"
#include "services/trainer/domain/run_store.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::trainer {

// Thread safe.
class FakeJobStore final : public RunStore, public JobStore {
 public:
  explicit FakeJobStore(testing::FakeClock& clock) : clock_(clock) {}

  absl::StatusOr<std::optional<TrainingRun>> FindCreatedRun(
      const MutatingRequest& request) override;
  absl::StatusOr<TrainingRun> CreateRun(const MutatingRequest& request, const NewRun& run) override;
  absl::StatusOr<TrainingRun> RetryRun(const MutatingRequest& request, const std::string& run_id,
                                       const std::string& new_id) override;
  absl::StatusOr<TrainingRun> CancelRun(const MutatingRequest& request,
                                        const std::string& run_id) override;
  absl::StatusOr<TrainingJob> CancelJob(const MutatingRequest& request,
                                        const JobName& name) override;
  absl::StatusOr<TrainingRun> GetRun(const std::string& run_id) override;
  absl::StatusOr<TrainingJob> GetJob(const JobName& name) override;
  absl::StatusOr<PageOf<TrainingRun>> ListRuns(const std::optional<Filter>& filter,
                                               const PageRequest& page) override;
  absl::StatusOr<PageOf<TrainingJob>> ListJobs(const std::string& run_id,
                                               const std::optional<Filter>& filter,
                                               const PageRequest& page) override;
  absl::StatusOr<RunChanges> ChangesSince(const std::string& run_id,
                                          std::int64_t change_number) override;

  absl::StatusOr<Claim> ClaimJob(const ClaimRequest& request) override;
  absl::StatusOr<bool> Heartbeat(const JobHold& hold, absl::Duration lease,
                                 const std::optional<JobProgress>& progress) override;
  absl::Status Succeed(const JobHold& hold, const JobResult& result) override;
  absl::Status End(const JobHold& hold, JobEnding ending,
                   const std::optional<JobFailure>& failure) override;
  absl::Status SeeReplica(const std::string& replica, const std::string& environment) override;

  // From now on every call fails with this, until it is OK again.
  void FailWith(absl::Status status);

 private:
  struct Job {
    TrainingJob job;
    absl::Time ready_at;
    std::int64_t change = 0;
  };
  struct Run {
    TrainingRun run;
    std::map<std::string, Job> jobs;  // by job id
    std::int64_t change = 0;
  };
  struct Answer {
    MutatingRequest request;
    std::string name;
  };

  absl::StatusOr<std::optional<std::string>> FirstAnswer(const MutatingRequest& request) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Run*> Find(const std::string& run_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Job*> FindHeld(const JobHold& hold) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Add(Run& run, const CircuitConfig& circuit, int max_attempts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Changed(Run& run, Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refresh(Run& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(Job& job, JobEnding ending, const std::optional<JobFailure>& failure)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cancel(Run& run, Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<DeadAttempt> EndExpired() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Job* ChooseJob(const ClaimRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  TrainingJob Seen(const Job& job) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int LiveJobs() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  testing::FakeClock& clock_;
  mutable absl::Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Run> runs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Answer> answers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Time> environments_seen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleetcast::trainer
