#include "services/inference/domain/invocation_transition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleetcast::inference {

NextState AfterAttempt(int attempts, int max_attempts, AttemptEnding ending,
                       const std::optional<InvocationFailure>& failure) {
  if (ending == AttemptEnding::kHandedBack || !failure) {
    return {InvocationState::kQueued, std::max(0, attempts - 1),
            "handed back by a worker that shuts down; waits for another", absl::ZeroDuration()};
  }
  const std::string cause = absl::StrCat(Word(failure->kind), " ", failure->reason);
  if (!failure->retryable) {
    return {InvocationState::kFailed, attempts, cause, absl::ZeroDuration()};
  }
  if (attempts >= max_attempts) {
    return {InvocationState::kFailed, attempts,
            absl::StrCat(cause, " in the last of ", max_attempts, " attempts"),
            absl::ZeroDuration()};
  }
  const absl::Duration wait = RetryWait(attempts);
  return {InvocationState::kQueued, attempts,
          absl::StrCat(cause, " in attempt ", attempts, " of ", max_attempts, "; tried again in ",
                       absl::FormatDuration(wait)),
          wait};
}

InvocationFailure LeaseExpiredFailure(const std::string& worker) {
  return {FailureKind::kInternal, "LEASE_EXPIRED",
          absl::StrCat("worker ", worker,
                       " went silent and its lease ran out; look into its log for a crash"),
          true};
}

InvocationFailure TimeoutFailure(absl::Duration timeout) {
  return {FailureKind::kTimeout, "INVOCATION_TIMEOUT",
          absl::StrCat("the attempt took longer than ", absl::FormatDuration(timeout),
                       "; raise deployment.timeout_minutes, or look for a slow sensor source"),
          true};
}

absl::Duration RetryWait(int attempts) {
  const int doublings = std::clamp(attempts - 1, 0, 6);
  return std::min(absl::Seconds(1 << doublings), absl::Minutes(1));
}

SweepState SweepStateAfter(const InvocationCounts& counts) {
  if (counts.running > 0) return SweepState::kRunning;
  const int ended = counts.succeeded + counts.failed + counts.cancelled;
  if (counts.queued > 0) return ended > 0 ? SweepState::kRunning : SweepState::kQueued;
  if (counts.cancelled > 0) return SweepState::kCancelled;
  if (counts.failed == 0) return SweepState::kSucceeded;
  return counts.succeeded > 0 ? SweepState::kPartiallySucceeded : SweepState::kFailed;
}

std::string SweepReason(const Sweep& sweep) {
  const InvocationCounts& counts = sweep.counts;
  const int total = counts.total();
  switch (sweep.state) {
    case SweepState::kQueued:
      return absl::StrCat(total, " invocations wait for a worker");
    case SweepState::kRunning:
      return absl::StrCat(total - counts.queued - counts.running, " of ", total,
                          " invocations have ended, ", counts.running, " are running");
    case SweepState::kSucceeded:
      return total == 0 ? "no deployment to invoke: deploy a model version first"
                        : absl::StrCat("all ", total, " invocations succeeded");
    case SweepState::kPartiallySucceeded:
    case SweepState::kFailed:
      return absl::StrCat(counts.failed, " of ", total, " invocations failed");
    case SweepState::kCancelled:
      return absl::StrCat("cancelled; ", counts.succeeded, " of ", total,
                          " invocations had succeeded");
  }
  return "";
}

}  // namespace fleetcast::inference
