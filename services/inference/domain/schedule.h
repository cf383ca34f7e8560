// A schedule, and what is to be done about it at a given moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::inference {

// What a caller may set.
struct ScheduleSpec {
  std::string display_name;
  std::string cron;
  std::string time_zone;               // IANA name; "" is UTC
  std::vector<std::string> plant_ids;  // empty: the whole fleet
};

struct Schedule {
  std::string id;
  ScheduleSpec spec;
  bool paused = false;
  std::optional<absl::Time> next_tick;  // none while paused
  std::optional<absl::Time> last_tick;
  std::string last_sweep_id;
  std::int64_t revision = 1;  // raised by every change that a caller makes; the etag
  absl::Time create_time, update_time;
};

// INVALID_ARGUMENT with every field at fault.
[[nodiscard]] absl::Status ValidateSchedule(const ScheduleSpec& spec);

// The first tick after `now`. INVALID_ARGUMENT as of ValidateSchedule, and on `schedule.cron` if
// none is near (see NextTick).
[[nodiscard]] absl::StatusOr<absl::Time> FirstTick(const ScheduleSpec& spec, absl::Time now);

// What a schedule that is not paused has to do at `now`.
struct TickDecision {
  // The tick to make a sweep for: the latest that is due. Earlier ones, missed while no replica
  // ran, are left out: a sweep for them could not say more than this one.
  std::optional<absl::Time> tick;
  absl::Time next_tick;
};
// An error of FirstTick where this process cannot tell, as one without the time zone cannot: the
// schedule is then to be left alone, for a process that can.
[[nodiscard]] absl::StatusOr<TickDecision> DecideTick(const Schedule& schedule, absl::Time now);

// How long to sleep until schedules are looked at again: until the next tick `next`, seen at `now`
// on the database's clock, but `most` at most, for they may be changed meanwhile. `spread`, of
// [0, 1), makes processes that wait for no tick look at different moments.
[[nodiscard]] absl::Duration UntilNextLook(absl::Time now, std::optional<absl::Time> next,
                                           absl::Duration most, double spread);

}  // namespace fleetcast::inference
