// Ctrl-C while watching: the watch ends in an orderly way and says how to come back, instead of
// the process dying in the middle of a line.
#pragma once

namespace fleetcast::cli {

// While one lives, SIGINT and SIGTERM are noted instead of ending the process; a second SIGINT
// ends it. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

// Whether a signal was noted since the last guard was made. Thread safe.
[[nodiscard]] bool Interrupted();

}  // namespace fleetcast::cli
