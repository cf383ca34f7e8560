// A schedule, and what is to be done about it at a given moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::inference {

// What a tick does while the sweep of an earlier tick of its schedule has not ended.
enum class OverlapPolicy {
  kSkip,    // makes no sweep
  kQueue,   // makes one beside it
  kReplace  // makes one in its place: what has not ended of it is cancelled
};

// What a caller may set.
struct ScheduleSpec {
  std::string display_name;
  std::string cron;
  std::string time_zone;               // IANA name; "" is UTC
  std::vector<std::string> plant_ids;  // empty: the whole fleet
  OverlapPolicy overlap_policy = OverlapPolicy::kSkip;
  // How late a tick may be made up that nobody took when it was due.
  absl::Duration catch_up_window = absl::InfiniteDuration();
  absl::Duration jitter = absl::ZeroDuration();  // ticks are taken up to this much later
};

// A tick that made no sweep.
struct SkippedTick {
  absl::Time tick;
  std::string reason;  // OVERLAP, MISSED
  std::string message;
};

struct Schedule {
  std::string id;
  ScheduleSpec spec;
  bool paused = false;
  std::optional<absl::Time> next_tick;  // none while paused
  std::optional<absl::Time> due_time;   // when `next_tick` is taken
  std::optional<absl::Time> last_tick;  // that made a sweep
  std::string last_sweep_id;
  std::optional<SkippedTick> last_skipped;
  std::int64_t revision = 1;  // raised by every change that a caller makes; the etag
  absl::Time create_time, update_time;
};

// INVALID_ARGUMENT with every field at fault.
[[nodiscard]] absl::Status ValidateSchedule(const ScheduleSpec& spec);

// The first tick after `now`. INVALID_ARGUMENT as of ValidateSchedule, and on `schedule.cron` if
// none is near (see NextTick).
[[nodiscard]] absl::StatusOr<absl::Time> FirstTick(const ScheduleSpec& spec, absl::Time now);

// When the tick is taken: up to the jitter later, by a share that schedule and tick decide, the
// same for every replica.
[[nodiscard]] absl::Time DueTime(const std::string& schedule_id, const ScheduleSpec& spec,
                                 absl::Time tick);

// What a schedule that is not paused has to do at `now`.
struct TickDecision {
  // The tick to make a sweep for: the latest that is due. Earlier ones, missed while no replica
  // ran, are left out: a sweep for them could not say more than this one.
  std::optional<absl::Time> tick;
  std::optional<SkippedTick> missed;  // the latest that is not made up
  absl::Time next_tick, due_time;
};
// An error of FirstTick where this process cannot tell, as one without the time zone cannot: the
// schedule is then to be left alone, for a process that can.
[[nodiscard]] absl::StatusOr<TickDecision> DecideTick(const Schedule& schedule, absl::Time now);

// A sweep of an earlier tick that has not ended.
struct OpenSweep {
  std::string id;
  absl::Time tick;
};
struct OverlapDecision {
  std::optional<SkippedTick> skipped;  // set: no sweep is made
  std::vector<std::string> replaced;   // sweeps, to be cancelled
};
// What becomes of a tick whose sweep would be made beside those that are `open`.
[[nodiscard]] OverlapDecision DecideOverlap(OverlapPolicy policy, absl::Time tick,
                                            const std::vector<OpenSweep>& open);

// How long to sleep until schedules are looked at again: until the next tick `next`, seen at `now`
// on the database's clock, but `most` at most, for they may be changed meanwhile. `spread`, of
// [0, 1), makes processes that wait for no tick look at different moments.
[[nodiscard]] absl::Duration UntilNextLook(absl::Time now, std::optional<absl::Time> next,
                                           absl::Duration most, double spread);

// "SKIP", as stored; nullopt for a word that is none.
[[nodiscard]] std::string Word(OverlapPolicy policy);
[[nodiscard]] std::optional<OverlapPolicy> OverlapPolicyOf(const std::string& word);

}  // namespace fleetcast::inference
