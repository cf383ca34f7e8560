#include "common/base/notification.h"

#include <algorithm>

namespace fleetcast {

void Notification::Notify() {
  // Under the lock to the end: a waiter that has seen it may destroy this at once.
  const std::lock_guard lock(mutex_);
  notified_ = true;
  changed_.notify_all();
}

bool Notification::HasBeenNotified() const {
  const std::lock_guard lock(mutex_);
  return notified_;
}

void Notification::WaitForNotification() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return notified_; });
}

bool Notification::WaitFor(absl::Duration timeout) const {
  // wait_for counts on std::chrono::steady_clock. Bounded, for the sum with now must not overflow.
  const auto bounded = absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24 * 365)));
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, bounded, [this] { return notified_; });
}

}  // namespace fleetcast
