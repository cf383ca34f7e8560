// Makes the sweeps of schedules whose tick has come. Every replica runs one; the store lets one
// of them through for each tick.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "services/inference/domain/schedule_store.h"

namespace fleetcast::inference {

// What one look at the schedules came to.
struct Look {
  int sweeps = 0;                                // made
  absl::Time now;                                // the database's
  std::optional<absl::Time> next;                // when the next tick is due, if one is known
  std::map<std::string, absl::Status> troubles;  // by schedule: what kept it from ticking
};

// Looks at all schedules that are due, once. One schedule's trouble is not another's: it is left as
// it is.
[[nodiscard]] absl::StatusOr<Look> TickOnce(ScheduleStore& store);

// A thread that looks at every tick, and every `every` for schedules that were changed, until it is
// stopped. It says once a minute at most what keeps a schedule from ticking. References must
// outlive it.
class Ticker {
 public:
  Ticker(ScheduleStore& store, Clock& clock, absl::Duration every);
  ~Ticker();  // waits for a look under way
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Begins no other look; does not wait. Once.
  void Stop() {
    cut_.request_stop();
    stop_.Notify();
  }

 private:
  void Run(ScheduleStore& store, absl::Duration every);
  void Warn(const std::map<std::string, absl::Status>& troubles);

  Clock& clock_;
  std::map<std::string, absl::Duration> warned_;  // by schedule, monotonic; the thread's own
  Notification stop_;
  std::stop_source cut_;  // ends a look under way
  std::thread thread_;
};

}  // namespace fleetcast::inference
