#include "common/forecast/calendar_profile.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

// A model's clock goes on for so long after what it was trained on.
constexpr std::int64_t kClockYears = 20;
// The level that a reading is held against is that of two weeks before and after it.
constexpr std::int64_t kLevelSeconds = 14 * kDaySeconds;
// A cell that was seen on so many days counts as much as what stands in for it.
constexpr double kPriorDays = 2;
constexpr std::int64_t kMondayOffset = 3;  // 1970-01-01 was a Thursday

bool Within(const std::vector<Span>& spans, std::int64_t at) {
  const auto after =
      std::upper_bound(spans.begin(), spans.end(), at,
                       [](std::int64_t value, const Span& span) { return value < span.begin; });
  return after != spans.begin() && at < std::prev(after)->end;
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

struct Cell {
  std::size_t kind = 0, slot = 0;
};

Cell CellOf(const CalendarProfile& profile, std::int64_t unix_seconds) {
  const PlantCalendar& calendar = profile.calendar;
  const auto change = std::upper_bound(
      profile.clock.begin() + 1, profile.clock.end(), unix_seconds,
      [](std::int64_t time, const ClockChange& each) { return time < each.unix_seconds; });
  const std::int64_t local = unix_seconds + std::prev(change)->offset_seconds;
  const std::int64_t day = FloorDivide(local, kDaySeconds);
  const std::int64_t second = local - day * kDaySeconds;
  const std::int64_t weekday = day + kMondayOffset - 7 * FloorDivide(day + kMondayOffset, 7);
  const bool holiday = std::binary_search(calendar.holidays.begin(), calendar.holidays.end(), day);
  const bool shift = !holiday && Within(calendar.shifts, weekday * 1440 + second / 60);
  const std::size_t of_week = holiday || weekday == 6 ? 2 : weekday == 5 ? 1 : 0;
  return {.kind = Within(calendar.maintenance, unix_seconds) ? kWorkdayKinds
                                                             : 2 * of_week + (shift ? 1 : 0),
          .slot = static_cast<std::size_t>(second / profile.slot_seconds)};
}

absl::StatusOr<std::vector<ClockChange>> ClockOf(const std::string& time_zone, std::int64_t begin,
                                                 std::int64_t end) {
  absl::TimeZone zone;
  if (!time_zone.empty() && !absl::LoadTimeZone(time_zone, &zone)) {
    return InvalidField("calendar.time_zone",
                        absl::StrCat("\"", time_zone, "\" is not known on this machine"));
  }
  const auto offset = [&](absl::Time at) { return zone.At(at).offset; };
  std::vector<ClockChange> clock = {{begin, offset(absl::FromUnixSeconds(begin))}};
  absl::TimeZone::CivilTransition transition;
  for (absl::Time at = absl::FromUnixSeconds(begin); zone.NextTransition(at, &transition);) {
    at = zone.At(transition.to).trans;
    if (absl::ToUnixSeconds(at) > end) break;
    if (offset(at) != clock.back().offset_seconds) {
      clock.push_back({absl::ToUnixSeconds(at), offset(at)});
    }
  }
  return clock;
}

struct Mean {
  double sum = 0, count = 0;
  void Add(double value) {
    sum += value;
    count += 1;
  }
  // As if `prior` had been seen kPriorDays times, too.
  [[nodiscard]] double Or(double prior) const {
    return (sum + kPriorDays * prior) / (count + kPriorDays);
  }
};

// How far each reading is from the level around it, which maintenance says nothing about.
std::vector<double> AroundLevel(const std::vector<double>& readings, const std::vector<Cell>& cells,
                                std::size_t reach) {
  std::vector<Mean> before(readings.size() + 1);
  for (std::size_t row = 0; row < readings.size(); ++row) {
    before[row + 1] = before[row];
    if (std::isfinite(readings[row]) && cells[row].kind != kWorkdayKinds) {
      before[row + 1].Add(readings[row]);
    }
  }
  const Mean& all = before.back();
  std::vector<double> around;
  around.reserve(readings.size());
  for (std::size_t row = 0; row < readings.size(); ++row) {
    const Mean& first = before[row - std::min(row, reach)];
    const Mean& last = before[std::min(readings.size(), row + reach)];
    const double count = last.count - first.count;
    const double level =
        count > 0 ? (last.sum - first.sum) / count : all.sum / std::max(1.0, all.count);
    around.push_back(readings[row] - level);
  }
  return around;
}

}  // namespace

double CalendarProfile::At(std::int64_t unix_seconds) const {
  const Cell cell = CellOf(*this, unix_seconds);
  return values[cell.kind * slots() + cell.slot];
}

absl::StatusOr<CalendarProfile> FitCalendarProfile(const PlantCalendar& calendar,
                                                   const std::vector<std::int64_t>& unix_seconds,
                                                   const std::vector<double>& readings,
                                                   std::int64_t slot_seconds) {
  CalendarProfile profile{
      .calendar = calendar, .clock = {}, .slot_seconds = slot_seconds, .values = {}};
  FLEETCAST_ASSIGN_OR_RETURN(profile.clock,
                             ClockOf(calendar.time_zone, unix_seconds.front(),
                                     unix_seconds.back() + kClockYears * 366 * kDaySeconds));
  std::vector<Cell> cells;
  cells.reserve(readings.size());
  for (std::size_t row = 0; row < readings.size(); ++row) {
    cells.push_back(CellOf(profile, unix_seconds[row]));
  }
  const std::vector<double> around =
      AroundLevel(readings, cells, static_cast<std::size_t>(kLevelSeconds / slot_seconds));
  const std::size_t slots = profile.slots();
  std::vector<Mean> hours(slots), found(kTimeKinds * slots);
  Mean maintained;
  for (std::size_t row = 0; row < readings.size(); ++row) {
    if (!std::isfinite(around[row])) continue;
    const auto [kind, slot] = cells[row];
    found[kind * slots + slot].Add(around[row]);
    (kind == kWorkdayKinds ? maintained : hours[slot]).Add(around[row]);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double hour = hours[i % slots].Or(0);
    // What a plant does in maintenance depends little on the hour.
    const bool known = i / slots == kWorkdayKinds && maintained.count > 0;
    profile.values.push_back(found[i].Or(known ? maintained.sum / maintained.count : hour));
  }
  return profile;
}

}  // namespace fleetcast::forecast
