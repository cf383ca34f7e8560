#include "services/trainer/domain/job_transition.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace fleetcast::trainer {
namespace {

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

NextState Cancelled(int attempt_count) {
  return {.state = JobState::kCancelled,
          .attempt_count = attempt_count,
          .reason = "cancelled while it was running"};
}

// Whoever would wait for another attempt of a job that is asked to stop would wait for ever.
NextState AfterFailure(const TrainingJob& job, const JobFailure& failure, absl::Duration wait) {
  NextState next{.state = JobState::kFailed, .attempt_count = job.attempt_count, .reason = ""};
  const bool retryable = IsRetryable(failure.kind);
  if (retryable && job.attempt_count < job.max_attempts) {
    if (job.cancel_requested) return Cancelled(job.attempt_count);
    next.state = JobState::kQueued;
    next.wait = wait;
    next.reason = absl::StrCat("attempt ", job.attempt_count, " of ", job.max_attempts,
                               " failed: ", failure.message);
  } else if (retryable) {
    next.reason =
        absl::StrCat("all ", job.max_attempts, " attempts failed; the last: ", failure.message);
  } else {
    next.reason = failure.message;
  }
  return next;
}

}  // namespace

bool IsRetryable(FailureKind kind) {
  return kind == FailureKind::kEnvironment || kind == FailureKind::kInternal;
}

absl::Duration RetryWait(int attempt_count) {
  const double seconds = 5 * std::pow(2, std::clamp(attempt_count - 1, 0, 10));
  return absl::Seconds(std::min(seconds, 120.0));
}

JobFailure LeaseExpiredFailure(const std::string& replica, int attempt_count) {
  return {.kind = FailureKind::kEnvironment,
          .reason = "LEASE_EXPIRED",
          .message = absl::StrCat("replica ", replica, " went silent during attempt ",
                                  attempt_count, "; see its log, or whether it was killed")};
}

NextState AfterEnding(const TrainingJob& job, JobEnding ending,
                      const std::optional<JobFailure>& failure) {
  switch (ending) {
    case JobEnding::kSucceeded:
      return {.state = JobState::kSucceeded, .attempt_count = job.attempt_count, .reason = ""};
    case JobEnding::kCancelled:
      return Cancelled(job.attempt_count);
    case JobEnding::kHandedBack:
      if (job.cancel_requested) return Cancelled(job.attempt_count - 1);
      return {.state = JobState::kQueued,
              .attempt_count = job.attempt_count - 1,
              .reason = absl::StrCat("handed back by replica ", job.replica, ", which shut down")};
    case JobEnding::kLeaseExpired:
      return AfterFailure(job, LeaseExpiredFailure(job.replica, job.attempt_count),
                          absl::ZeroDuration());
    case JobEnding::kFailed:
      return AfterFailure(job, failure.value_or(JobFailure{}), RetryWait(job.attempt_count));
  }
  return {};
}

RunState RunStateOf(const JobCounts& counts, bool started) {
  if (counts.queued + counts.running == 0) {
    if (counts.failed > 0) return RunState::kFailed;
    return counts.cancelled > 0 ? RunState::kCancelled : RunState::kSucceeded;
  }
  return started ? RunState::kRunning : RunState::kQueued;
}

std::string RunReason(const TrainingRun& run) {
  const JobCounts& counts = run.counts;
  const int total = counts.total();
  std::string reason;
  switch (run.state) {
    case RunState::kQueued:
      reason = absl::StrCat(total, total == 1 ? " job waits" : " jobs wait", " for a replica");
      break;
    case RunState::kRunning:
      reason = absl::StrCat(counts.running, " of ", total, " jobs running, ", counts.queued,
                            " queued, ", counts.failed, " failed");
      break;
    case RunState::kSucceeded:
      reason = total == 0 ? "nothing to train: no circuit's training configuration changed"
                          : absl::StrCat("all ", total, " jobs succeeded");
      break;
    case RunState::kFailed:
      reason = absl::StrCat(counts.failed, " of ", total, " jobs failed");
      break;
    case RunState::kCancelled:
      reason = absl::StrCat(counts.cancelled, " of ", total, " jobs were cancelled");
      break;
  }
  if (run.cancel_requested && !IsTerminal(run.state)) absl::StrAppend(&reason, "; cancelling");
  if (!run.note.empty()) absl::StrAppend(&reason, "; ", run.note);
  return reason;
}

std::string QueueReason(const TrainingJob& job) {
  const QueueSituation& queue = job.queue;
  const std::string before = job.state_reason.empty() ? "" : "; " + job.state_reason;
  if (!queue.environment_seen_at)
    return absl::StrCat("no replica of environment ", job.environment,
                        " has ever been seen; start one with --environment ", job.environment,
                        before);
  if (queue.now - *queue.environment_seen_at > kReplicaPresence)
    return absl::StrCat("no replica of environment ", job.environment, " has been seen since ",
                        Timestamp(*queue.environment_seen_at), "; start one with --environment ",
                        job.environment, before);
  if (queue.ready_at > queue.now)
    return absl::StrCat("tried again at ", Timestamp(queue.ready_at), before);
  if (queue.live_jobs == 0) return "waits for a replica to claim it" + before;
  return absl::StrCat("waits for a free slot; ", queue.live_jobs,
                      queue.live_jobs == 1 ? " job is" : " jobs are", " running", before);
}

}  // namespace fleetcast::trainer
