// How long what this thread does may still take, so that a wait deep below a call heeds the call's
// deadline. On the monotonic clock.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "absl/time/time.h"

namespace fleetcast {

// In force on this thread while it lives; within another one it can only shorten the time. Ends on
// the thread that made it, the last one made first.
class ScopedDeadline {
 public:
  explicit ScopedDeadline(absl::Duration time_left);
  ~ScopedDeadline();
  ScopedDeadline(const ScopedDeadline&) = delete;
  ScopedDeadline& operator=(const ScopedDeadline&) = delete;

 private:
  const std::optional<std::chrono::steady_clock::time_point> outer_;
};

// While it lives no time is left on this thread once `is_over` says so: nobody waits any more for
// what it does. Asked on this thread alone, as often as RemainingTime is; does not nest.
class ScopedCancellation {
 public:
  explicit ScopedCancellation(std::function<bool()> is_over);
  // Over once `stop` is requested, which also ends what the thread waits for at that moment: calls
  // to other services are cancelled, connections to Postgres cut.
  explicit ScopedCancellation(std::stop_token stop);
  ~ScopedCancellation();
  ScopedCancellation(const ScopedCancellation&) = delete;
  ScopedCancellation& operator=(const ScopedCancellation&) = delete;
};

// That of the ScopedCancellation in force; without one it is never requested.
[[nodiscard]] std::stop_token CurrentStop();

// Until the deadline in force, not negative; nullopt if there is none.
[[nodiscard]] std::optional<absl::Duration> RemainingTime();

}  // namespace fleetcast
