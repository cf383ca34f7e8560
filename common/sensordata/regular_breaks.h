// Hours of the week in which a sensor never has rows: nights, weekends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast::sensordata {

inline constexpr int kHoursOfWeek = 168;

// The hours of the week, 0 to 167 from Monday 00:00 UTC, in which at most one of twenty has rows,
// where in others at least every second has. Empty for less than three weeks, for steps above an
// hour, and where fewer than six hours are so. `sorted` are timestamps, not decreasing.
[[nodiscard]] std::vector<int> RegularBreaks(const std::vector<std::int64_t>& sorted,
                                             std::int64_t step_seconds);

// "Saturday, Sunday; other days 18:00 to 06:00 UTC" for what RegularBreaks gives, which must not be
// empty.
[[nodiscard]] std::string DescribeBreaks(const std::vector<int>& hours);

}  // namespace fleetcast::sensordata
