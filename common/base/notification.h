// Something that happens once and that threads wait for. Unlike absl::Notification it waits on the
// monotonic clock: a step of the wall clock neither ends a wait nor draws it out.
#pragma once

#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace fleetcast {

// Thread safe.
class Notification {
 public:
  // Notifying again changes nothing.
  void Notify();
  [[nodiscard]] bool HasBeenNotified() const;
  void WaitForNotification() const;
  // Returns when notified or after `timeout`; true if notified.
  bool WaitFor(absl::Duration timeout) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fleetcast
