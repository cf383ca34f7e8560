// Calls of a job to services that may be away for a moment.
#pragma once

#include <algorithm>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "common/base/transient.h"
#include "services/trainer/domain/held_job.h"

namespace fleetcast::trainer {

struct RetryPolicy {
  int tries = 7;
  absl::Duration first_wait = absl::Milliseconds(500);
  absl::Duration longest_wait = absl::Seconds(8);
};

inline const absl::Status& StatusIn(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusIn(const absl::StatusOr<T>& result) {
  return result.status();
}

// Waits, as long as the job may go on; the stop's status if it may not.
inline absl::Status WaitWhileHeld(Clock& clock, const HeldJob& held, absl::Duration wait) {
  static const auto* const kNever = new Notification();
  const absl::Duration until = clock.Monotonic() + wait;
  while (clock.Monotonic() < until) {
    if (absl::Status stop = held.StopStatus(); !stop.ok()) return stop;
    clock.SleepUnlessStopped(std::min(absl::Milliseconds(100), until - clock.Monotonic()), *kNever);
  }
  return held.StopStatus();
}

// `call()` until it succeeds, fails for good, or has failed `policy.tries` times (then its last
// error). Stops with the stop's status when the job must not go on. `call` must be safe to repeat:
// its request id stays the same.
template <typename Call>
auto RetryTransient(Clock& clock, const HeldJob& held, const RetryPolicy& policy, Call&& call)
    -> decltype(call()) {
  absl::Duration wait = policy.first_wait;
  for (int tries = 1;; ++tries) {
    if (absl::Status stop = held.StopStatus(); !stop.ok()) return stop;
    auto result = call();
    if (result.ok() || !IsTransient(StatusIn(result)) || tries == policy.tries) return result;
    if (absl::Status stop = WaitWhileHeld(clock, held, wait); !stop.ok()) return stop;
    wait = std::min(wait * 2, policy.longest_wait);
  }
}

}  // namespace fleetcast::trainer
