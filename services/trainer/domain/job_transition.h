// What becomes of a job and of its run: pure functions from a snapshot to the next state.
// Storage carries them out in SQL; the contract suite holds both against each other.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

// How a holder's work on a job ended.
enum class JobEnding {
  kSucceeded,
  kFailed,       // with a failure
  kCancelled,    // it was asked to stop
  kHandedBack,   // its process shuts down; not an attempt
  kLeaseExpired  // it went silent; an attempt
};

struct NextState {
  JobState state = JobState::kQueued;
  int attempt_count = 0;
  std::string reason;                          // the job's state_reason
  absl::Duration wait = absl::ZeroDuration();  // before it may be claimed again
};

// The state after `ending` of a RUNNING job. `failure` is needed for kFailed; of kLeaseExpired it
// is LeaseExpiredFailure.
[[nodiscard]] NextState AfterEnding(const TrainingJob& job, JobEnding ending,
                                    const std::optional<JobFailure>& failure);

// The failure recorded for a holder that let its lease run out.
[[nodiscard]] JobFailure LeaseExpiredFailure(const std::string& replica, int attempt_count);

// Whether another attempt may help: not for data, configuration and divergence.
[[nodiscard]] bool IsRetryable(FailureKind kind);

// Wait before attempt `attempt_count + 1`: 5 s, 10 s, 20 s … at most 2 min.
[[nodiscard]] absl::Duration RetryWait(int attempt_count);

// The state of a run that follows from its jobs; `started`: one has been claimed at some time. A
// run without jobs has succeeded.
[[nodiscard]] RunState RunStateOf(const JobCounts& counts, bool started);

// Why a run stands where it does, for people.
[[nodiscard]] std::string RunReason(const TrainingRun& run);

// Why a queued job is still waiting, for people.
[[nodiscard]] std::string QueueReason(const TrainingJob& job);

// A replica counts as present this long after it was last seen.
inline constexpr absl::Duration kReplicaPresence = absl::Seconds(45);

}  // namespace fleetcast::trainer
