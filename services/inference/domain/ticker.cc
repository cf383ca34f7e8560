#include "services/inference/domain/ticker.h"

#include <algorithm>
#include <random>

#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kWarnEvery = absl::Minutes(1);

std::string LoggedTime(absl::Time time) {
  return absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone());
}

void LogOutcome(const Schedule& schedule, const TickDecision& decision,
                const TickOutcome& outcome) {
  if (outcome.skipped) {
    LogWarning("a schedule's tick made no sweep", {{"schedule", schedule.id},
                                                   {"tick", LoggedTime(outcome.skipped->tick)},
                                                   {"reason", outcome.skipped->reason},
                                                   {"why", outcome.skipped->message}});
  }
  for (const std::string& replaced : outcome.replaced) {
    LogWarning("a schedule's tick cancelled the sweep of an earlier one",
               {{"schedule", schedule.id}, {"sweep", replaced}, {"by_sweep", outcome.sweep_id}});
  }
  if (outcome.sweep_id.empty()) return;
  LogInfo("a schedule ticked", {{"schedule", schedule.id},
                                {"sweep", outcome.sweep_id},
                                {"tick", LoggedTime(*decision.tick)}});
}

struct Ticked {
  bool swept = false;
  absl::Time due_time;  // of the next tick
};

absl::StatusOr<Ticked> TickSchedule(ScheduleStore& store, const Schedule& schedule,
                                    absl::Time now) {
  FLEETCAST_ASSIGN_OR_RETURN(const TickDecision decision, DecideTick(schedule, now));
  Ticked ticked{.swept = false, .due_time = decision.due_time};
  // Its jitter has not passed.
  if (schedule.next_tick == decision.next_tick && schedule.due_time == decision.due_time)
    return ticked;
  FLEETCAST_ASSIGN_OR_RETURN(const TickOutcome outcome, store.Tick(schedule, decision));
  LogOutcome(schedule, decision, outcome);
  ticked.swept = !outcome.sweep_id.empty();
  return ticked;
}

}  // namespace

absl::StatusOr<Look> TickOnce(ScheduleStore& store) {
  FLEETCAST_ASSIGN_OR_RETURN(const DueSchedules due, store.Due());
  Look look{.now = due.now, .next = due.next};
  for (const Schedule& schedule : due.schedules) {
    const absl::StatusOr<Ticked> ticked = TickSchedule(store, schedule, due.now);
    if (!ticked.ok()) {
      look.troubles[schedule.id] = ticked.status();
      continue;
    }
    look.sweeps += ticked->swept ? 1 : 0;
    look.next = std::min(look.next.value_or(absl::InfiniteFuture()), ticked->due_time);
  }
  return look;
}

Ticker::Ticker(ScheduleStore& store, Clock& clock, absl::Duration every)
    : clock_(clock), thread_([this, &store, every] { Run(store, every); }) {}

Ticker::~Ticker() {
  if (!stop_.HasBeenNotified()) Stop();
  thread_.join();
}

void Ticker::Run(ScheduleStore& store, absl::Duration every) {
  const ScopedCancellation cancelled(cut_.get_token());
  std::minstd_rand random(std::random_device{}());
  std::uniform_real_distribution<double> spread(0, 1);
  absl::Duration wait;
  do {
    const absl::StatusOr<Look> look = TickOnce(store);
    if (!look.ok()) {
      LogWarning("cannot look for due schedules", {{"error", look.status().ToString()}});
      wait = every;
      continue;
    }
    Warn(look->troubles);
    wait = UntilNextLook(look->now, look->next, every, spread(random));
  } while (!clock_.SleepUnlessStopped(wait, stop_));
}

void Ticker::Warn(const std::map<std::string, absl::Status>& troubles) {
  const absl::Duration now = clock_.Monotonic();
  std::erase_if(warned_, [&](const auto& entry) { return now - entry.second >= kWarnEvery; });
  for (const auto& [schedule, status] : troubles) {
    if (!warned_.emplace(schedule, now).second) continue;
    LogWarning("a schedule could not tick; it is left for a replica that can",
               {{"schedule", schedule}, {"error", status.ToString()}});
  }
}

}  // namespace fleetcast::inference
