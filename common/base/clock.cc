#include "common/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace fleetcast {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Monotonic() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

bool SystemClock::SleepUnlessStopped(absl::Duration duration, const Notification& stop) {
  return stop.WaitFor(duration);
}

}  // namespace fleetcast
