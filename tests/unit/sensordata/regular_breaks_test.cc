#include "common/sensordata/regular_breaks.h"

#include <gtest/gtest.h>

#include <functional>

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kMonday = 1'767'571'200;  // 2026-01-05T00:00:00Z

struct Case {
  std::string name;
  std::function<bool(int day, int hour)> has_rows;  // day 0 is a Monday
  int days;
  std::int64_t step;
  std::string text;  // "" for no break
};

TEST(RegularBreaks, AreHoursOfTheWeekThatNeverHaveRows) {
  for (const Case& c : std::vector<Case>{
           {"none", [](int, int) { return true; }, 60, 3600, ""},
           {"weekdays only", [](int day, int) { return day % 7 < 5; }, 60, 3600,
            "Saturday, Sunday"},
           {"nights", [](int, int hour) { return hour >= 6 && hour < 18; }, 60, 300,
            "every day 18:00 to 06:00 UTC"},
           {"hours of work",
            [](int day, int hour) { return day % 7 < 5 && hour >= 8 && hour < 17; }, 60, 900,
            "Saturday, Sunday; other days 17:00 to 08:00 UTC"},
           {"once open on a Sunday in half a year",
            [](int day, int hour) { return day % 7 < 5 || (day == 41 && hour == 3); }, 182, 3600,
            "Saturday, Sunday"},
           {"two weeks are too few", [](int day, int) { return day % 7 < 5; }, 14, 3600, ""},
           {"a break at noon", [](int, int hour) { return hour != 12; }, 60, 3600,
            "every day 12:00 to 13:00 UTC"},
           {"a standstill is none", [](int day, int) { return day < 20 || day > 40; }, 60, 3600,
            ""},
           {"days cannot tell", [](int, int hour) { return hour == 0; }, 60, kDay, ""},
       }) {
    std::vector<std::int64_t> times;
    for (std::int64_t time = 0; time < c.days * kDay; time += c.step)
      if (c.has_rows(static_cast<int>(time / kDay), static_cast<int>(time % kDay / 3600)))
        times.push_back(kMonday + time);
    const std::vector<int> hours = RegularBreaks(times, c.step);
    EXPECT_EQ(hours.empty() ? "" : DescribeBreaks(hours), c.text) << c.name;
  }
}

}  // namespace
}  // namespace fleetcast::sensordata
