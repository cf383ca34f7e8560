// What becomes of an invocation and of its sweep: pure functions from a snapshot to the next state.
// Storage carries them out in SQL; the contract suite holds both against each other.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/inference/domain/invocation.h"

namespace fleetcast::inference {

// How an attempt ended without a forecast.
enum class AttemptEnding {
  kFailed,      // with a failure
  kHandedBack,  // its process shuts down; not an attempt
};

struct NextState {
  InvocationState state = InvocationState::kQueued;
  int attempts = 0;
  std::string reason;                          // the invocation's state_reason
  absl::Duration wait = absl::ZeroDuration();  // before it may be claimed again
};

// The state after `ending` of a RUNNING invocation in its attempt number `attempts`. `failure` is
// needed for kFailed. A failure that is not retryable, or the last attempt's, ends it.
[[nodiscard]] NextState AfterAttempt(int attempts, int max_attempts, AttemptEnding ending,
                                     const std::optional<InvocationFailure>& failure);

// The failures recorded for a worker that let its lease run out, or took longer than allowed.
[[nodiscard]] InvocationFailure LeaseExpiredFailure(const std::string& worker);
[[nodiscard]] InvocationFailure TimeoutFailure(absl::Duration timeout);

// Wait before the attempt after number `attempts`: 1 s, 2 s, 4 s … at most 1 min.
[[nodiscard]] absl::Duration RetryWait(int attempts);

// The sweep's state that follows from its invocations'. One without any has succeeded; one with
// work left is RUNNING once anything was started.
[[nodiscard]] SweepState SweepStateAfter(const InvocationCounts& counts);

// Why a sweep stands where it does, for people.
[[nodiscard]] std::string SweepReason(const Sweep& sweep);

}  // namespace fleetcast::inference
