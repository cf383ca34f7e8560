// Time, injected: nothing in `domain/` asks the system for it.
// Wall time is for what people read; what two processes compare comes from the database.
#pragma once

#include "absl/time/time.h"
#include "common/base/notification.h"

namespace fleetcast {

// Thread safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC.
  [[nodiscard]] virtual absl::Time Now() const = 0;
  // Time since an unspecified origin; never goes back. For leases and durations in one process.
  [[nodiscard]] virtual absl::Duration Monotonic() const = 0;
  // Blocks for `duration` or until `stop` is notified; true if it was.
  virtual bool SleepUnlessStopped(absl::Duration duration, const Notification& stop) = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] absl::Time Now() const override;
  [[nodiscard]] absl::Duration Monotonic() const override;
  bool SleepUnlessStopped(absl::Duration duration, const Notification& stop) override;
};

}  // namespace fleetcast
