#include "common/sensordata/regular_breaks.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kHour = 3600, kWeek = kHoursOfWeek * kHour;
constexpr std::int64_t kMonday = kHour * 24 * 4;  // 1970-01-05
constexpr std::size_t kFewestHours = 6;
constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                 "Friday", "Saturday", "Sunday"};

int HourOfWeek(std::int64_t time) {
  const std::int64_t second = ((time - kMonday) % kWeek + kWeek) % kWeek;
  return static_cast<int>(second / kHour);
}

// Of each hour of the week, how often it has passed and how often with rows.
struct Counts {
  std::array<std::int64_t, kHoursOfWeek> passed{}, with_rows{};

  explicit Counts(const std::vector<std::int64_t>& sorted) {
    const auto hour_of = [](std::int64_t time) { return (time - kMonday) / kHour; };
    for (std::int64_t hour = hour_of(sorted.front()); hour <= hour_of(sorted.back()); ++hour)
      ++passed[static_cast<std::size_t>(HourOfWeek(hour * kHour + kMonday))];
    for (std::size_t i = 0; i < sorted.size(); ++i)
      if (i == 0 || hour_of(sorted[i]) != hour_of(sorted[i - 1]))
        ++with_rows[static_cast<std::size_t>(HourOfWeek(sorted[i]))];
  }
};

using Day = std::array<bool, 24>;

std::string HoursText(const Day& empty) {
  std::vector<std::string> ranges;
  for (int hour = 0; hour < 24; ++hour) {
    const auto at = [&](int of) { return empty[static_cast<std::size_t>((of + 24) % 24)]; };
    if (!at(hour) || at(hour - 1)) continue;
    int end = hour + 1;
    while (at(end) && end < hour + 24) ++end;
    ranges.push_back(absl::StrFormat("%02d:00 to %02d:00", hour, end % 24));
  }
  return absl::StrJoin(ranges, " and ");
}

}  // namespace

std::vector<int> RegularBreaks(const std::vector<std::int64_t>& sorted, std::int64_t step_seconds) {
  if (sorted.empty() || step_seconds > kHour || sorted.back() - sorted.front() < 3 * kWeek)
    return {};
  const Counts counts(sorted);
  std::vector<int> empty;
  empty.reserve(kHoursOfWeek);
  bool full = false;
  for (std::size_t hour = 0; hour < kHoursOfWeek; ++hour) {
    const std::int64_t passed = counts.passed[hour], with_rows = counts.with_rows[hour];
    full = full || 2 * with_rows >= passed;
    if (20 * with_rows <= passed) empty.push_back(static_cast<int>(hour));
  }
  if (!full || empty.size() < kFewestHours) return {};
  return empty;
}

std::string DescribeBreaks(const std::vector<int>& hours) {
  std::array<Day, 7> empty{};
  for (const int hour : hours)
    empty[static_cast<std::size_t>(hour / 24)][static_cast<std::size_t>(hour % 24)] = true;
  std::vector<std::string> days;
  Day common;  // of the days that have rows
  common.fill(true);
  for (std::size_t day = 0; day < 7; ++day) {
    if (std::all_of(empty[day].begin(), empty[day].end(), [](bool hour) { return hour; })) {
      days.emplace_back(kDays[day]);
      continue;
    }
    for (std::size_t hour = 0; hour < 24; ++hour) common[hour] = common[hour] && empty[day][hour];
  }
  const std::string nights = HoursText(common);
  std::string text = absl::StrJoin(days, ", ");
  if (!nights.empty())
    absl::StrAppend(&text, days.empty() ? "every day " : "; other days ", nights, " UTC");
  if (text.empty()) text = absl::StrCat(hours.size(), " hours of the week");
  return text;
}

}  // namespace fleetcast::sensordata
