// Makes the sweeps of schedules whose tick has come. Every replica runs one; the store lets one
// of them through for each tick.
#pragma once

#include <thread>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "services/inference/domain/schedule_store.h"

namespace fleetcast::inference {

// Looks at all schedules that are due, once. Returns how many sweeps it made.
[[nodiscard]] absl::StatusOr<int> TickOnce(ScheduleStore& store);

// A thread that calls TickOnce every `every` until it is destroyed. References must outlive it.
class Ticker {
 public:
  Ticker(ScheduleStore& store, Clock& clock, absl::Duration every);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  Notification stop_;
  std::thread thread_;
};

}  // namespace fleetcast::inference
