// A clock that moves only when told to.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace fleetcast::testing {

// Thread safe. SleepUnlessStopped advances the clock and returns at once.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time now = absl::FromUnixSeconds(1'765'238'400)) : now_(now) {}

  [[nodiscard]] absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    return now_;
  }
  [[nodiscard]] absl::Duration Monotonic() const override {
    absl::MutexLock lock(&mutex_);
    return monotonic_;
  }
  bool SleepUnlessStopped(absl::Duration duration, const Notification& stop) override {
    Advance(duration);
    return stop.HasBeenNotified();
  }
  void Advance(absl::Duration duration) {
    absl::MutexLock lock(&mutex_);
    now_ += duration;
    monotonic_ += duration;
  }

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration monotonic_ ABSL_GUARDED_BY(mutex_) = absl::Hours(1);
};

}  // namespace fleetcast::testing
