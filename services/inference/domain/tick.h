// When a cron expression ticks in a time zone, as pure functions of the time asked about.
//
// Where clocks change, an expression whose hour field has all hours, however it is spelled, follows
// elapsed time: local times that are left out do not tick, those that come twice tick twice. Any
// other ticks exactly once a matching day and time: at the moment of the change for a local time
// that is left out, at the first of two where it comes twice.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/inference/domain/cron.h"

namespace fleetcast::inference {

// An IANA zone by name, UTC for "". INVALID_ARGUMENT on field `schedule.time_zone` for an unknown
// one. Reads the system's time zone database on first use of a name.
[[nodiscard]] absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name);

// FAILED_PRECONDITION TIME_ZONES_MISSING unless time zones can be found at all: a process without
// the database of them would tick for those of UTC alone.
[[nodiscard]] absl::Status CheckTimeZoneDatabase();

// The first tick strictly after `after`. nullopt only if none comes within nine years (a 29th of
// February can be eight away).
[[nodiscard]] std::optional<absl::Time> NextTick(const CronExpression& cron, absl::TimeZone zone,
                                                 absl::Time after);

// The last tick in [from, until]; nullopt if there is none.
[[nodiscard]] std::optional<absl::Time> LatestTick(const CronExpression& cron, absl::TimeZone zone,
                                                   absl::Time from, absl::Time until);

}  // namespace fleetcast::inference
