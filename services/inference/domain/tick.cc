#include "services/inference/domain/tick.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

constexpr int kDaysSearched = 9 * 366;

void AppendTicks(const CronExpression& cron, absl::TimeZone zone, absl::CivilSecond local,
                 std::vector<absl::Time>* ticks) {
  const absl::TimeZone::TimeInfo info = zone.At(local);
  switch (info.kind) {
    case absl::TimeZone::TimeInfo::UNIQUE:
      ticks->push_back(info.pre);
      return;
    case absl::TimeZone::TimeInfo::SKIPPED:
      if (!cron.any_hour()) ticks->push_back(info.trans);
      return;
    case absl::TimeZone::TimeInfo::REPEATED:
      ticks->push_back(info.pre);
      if (cron.any_hour()) ticks->push_back(info.post);
      return;
  }
}

// In order, without repetition.
std::vector<absl::Time> TicksOfDay(const CronExpression& cron, absl::TimeZone zone,
                                   absl::CivilDay day) {
  std::vector<absl::Time> ticks;
  if (!cron.MatchesDay(day)) return ticks;
  for (int hour = 0; hour < 24; ++hour) {
    if (!cron.MatchesHour(hour)) continue;
    for (int minute = 0; minute < 60; ++minute) {
      if (!cron.MatchesMinute(minute)) continue;
      AppendTicks(cron, zone,
                  absl::CivilSecond(day.year(), day.month(), day.day(), hour, minute, 0), &ticks);
    }
  }
  std::sort(ticks.begin(), ticks.end());
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  return ticks;
}

bool IsPlausibleZoneName(const std::string& name) {
  const bool plain = name.find_first_not_of(
                         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
                     std::string::npos;
  return plain && name.size() <= 64 && name.front() != '/' && name != "localtime";
}

}  // namespace

absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name) {
  if (name.empty()) return absl::UTCTimeZone();
  absl::TimeZone zone;
  if (!IsPlausibleZoneName(name) || !absl::LoadTimeZone(name, &zone)) {
    return InvalidField("schedule.time_zone",
                        absl::StrCat("\"", name.substr(0, 80),
                                     "\" is no time zone known here; give an IANA name such as "
                                     "Europe/Berlin, or UTC"),
                        "TIME_ZONE_UNKNOWN");
  }
  return zone;
}

absl::Status CheckTimeZoneDatabase() {
  if (FindTimeZone("Europe/Berlin").ok()) return absl::OkStatus();
  return Refused(absl::StatusCode::kFailedPrecondition, "TIME_ZONES_MISSING",
                 "this machine has no time zone database: Europe/Berlin cannot be found, and "
                 "schedules could not tick; install the package tzdata",
                 {});
}

std::optional<absl::Time> NextTick(const CronExpression& cron, absl::TimeZone zone,
                                   absl::Time after) {
  // One day early: a change of clocks can move a tick of yesterday's date past midnight.
  const absl::CivilDay first = absl::ToCivilDay(after, zone) - 1;
  for (int i = 0; i < kDaysSearched; ++i) {
    const std::vector<absl::Time> ticks = TicksOfDay(cron, zone, first + i);
    const auto next = std::upper_bound(ticks.begin(), ticks.end(), after);
    if (next != ticks.end()) return *next;
  }
  return std::nullopt;
}

std::optional<absl::Time> LatestTick(const CronExpression& cron, absl::TimeZone zone,
                                     absl::Time from, absl::Time until) {
  const absl::CivilDay last = absl::ToCivilDay(until, zone);
  const absl::CivilDay first = absl::ToCivilDay(from, zone) - 1;
  for (absl::CivilDay day = last; day >= first; --day) {
    const std::vector<absl::Time> ticks = TicksOfDay(cron, zone, day);
    const auto above = std::upper_bound(ticks.begin(), ticks.end(), until);
    if (above == ticks.begin()) continue;
    const absl::Time latest = *std::prev(above);
    if (latest < from) return std::nullopt;
    return latest;
  }
  return std::nullopt;
}

}  // namespace fleetcast::inference
