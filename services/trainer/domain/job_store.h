// Port: training jobs as their holders see them. Leases give liveness, fencing gives safety: every
// write of a holder names the job and the lease epoch of its claim, and writes nothing if the job
// has another epoch by then. Implementations: PostgresJobStore, FakeJobStore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/trainer/domain/job_transition.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

struct ClaimRequest {
  std::string replica;
  std::string environment;  // claims only jobs that ask for it
  absl::Duration lease;
  int max_parallel = 5;  // over all replicas
};

// Who holds a job, as every write of the holder carries it.
struct JobHold {
  JobName name;
  std::int64_t lease_epoch = 0;
};

struct ClaimedJob {
  TrainingJob job;  // RUNNING; job.lease_epoch is the hold's
  std::string commit;
  int pull_request_number = 0;
  std::string pull_request_author;
  [[nodiscard]] JobHold hold() const { return {job.name, job.lease_epoch}; }
};

// An attempt that a claim found dead: its holder let the lease run out.
struct DeadAttempt {
  JobHold hold;
  std::string plant_id, circuit_id, replica;
};

struct Claim {
  std::optional<ClaimedJob> job;  // nullopt: nothing to do, or max_parallel are running
  std::vector<DeadAttempt> dead;  // ended by this claim; their experiment runs are still open
};

// Thread safe. Every method may return UNAVAILABLE. Those that take a JobHold return ABORTED with
// reason NOT_THE_HOLDER, and have then written nothing, if the job is held under another epoch or
// not held at all: stop work on it.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // First ends every attempt whose lease has run out. Then claims the next job: of the run with
  // the fewest running jobs, the oldest among those; within a run by plant and circuit. Raises its
  // lease_epoch and counts an attempt.
  [[nodiscard]] virtual absl::StatusOr<Claim> ClaimJob(const ClaimRequest& request) = 0;

  // Extends the lease, provided that it has not run out, and records progress if given. Returns
  // whether the job is asked to stop.
  [[nodiscard]] virtual absl::StatusOr<bool> Heartbeat(
      const JobHold& hold, absl::Duration lease, const std::optional<JobProgress>& progress) = 0;

  // RUNNING → SUCCEEDED. Repeating it is harmless: OK if this hold has already succeeded.
  [[nodiscard]] virtual absl::Status Succeed(const JobHold& hold, const JobResult& result) = 0;

  // RUNNING → what AfterEnding says of kFailed, kCancelled or kHandedBack.
  [[nodiscard]] virtual absl::Status End(const JobHold& hold, JobEnding ending,
                                         const std::optional<JobFailure>& failure) = 0;

  // Keeps the replica and its environment known as present.
  [[nodiscard]] virtual absl::Status SeeReplica(const std::string& replica,
                                                const std::string& environment) = 0;
};

[[nodiscard]] absl::Status NotTheHolder(const JobHold& hold);
[[nodiscard]] bool IsNotTheHolder(const absl::Status& status);

}  // namespace fleetcast::trainer
