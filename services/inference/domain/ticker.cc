#include "services/inference/domain/ticker.h"

#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::inference {

absl::StatusOr<int> TickOnce(ScheduleStore& store) {
  FLEETCAST_ASSIGN_OR_RETURN(const DueSchedules due, store.Due());
  int sweeps = 0;
  for (const Schedule& schedule : due.schedules) {
    const TickDecision decision = DecideTick(schedule, due.now);
    const absl::StatusOr<std::string> sweep_id = store.Tick(schedule, decision);
    if (!sweep_id.ok()) {
      // One schedule's trouble is not another's.
      LogWarning("a schedule could not tick",
                 {{"schedule", schedule.id}, {"error", sweep_id.status().ToString()}});
      continue;
    }
    if (sweep_id->empty()) continue;
    ++sweeps;
    LogInfo("a schedule ticked",
            {{"schedule", schedule.id},
             {"sweep", *sweep_id},
             {"tick", absl::FormatTime(absl::RFC3339_sec, *decision.tick, absl::UTCTimeZone())}});
  }
  return sweeps;
}

Ticker::Ticker(ScheduleStore& store, Clock& clock, absl::Duration every)
    : thread_([this, &store, &clock, every] {
        do {
          const absl::StatusOr<int> ticked = TickOnce(store);
          if (!ticked.ok()) {
            LogWarning("cannot look for due schedules", {{"error", ticked.status().ToString()}});
          }
        } while (!clock.SleepUnlessStopped(every, stop_));
      }) {}

Ticker::~Ticker() {
  stop_.Notify();
  thread_.join();
}

}  // namespace fleetcast::inference
