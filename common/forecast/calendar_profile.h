// What a plant's calendar says of a sensor: its usual value at each time of the local day, on days
// and in hours of each kind. What a model forecasts is how far the sensor is from that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/plant_calendar.h"

namespace fleetcast::forecast {

// Monday to Friday, Saturday, Sunday or a holiday: each within a shift or not. And maintenance.
inline constexpr std::size_t kWorkdayKinds = 6, kTimeKinds = 7;
inline constexpr std::int64_t kDaySeconds = 86'400;

// From a time on, the local clock is so far ahead of UTC.
struct ClockChange {
  std::int64_t unix_seconds = 0;
  std::int64_t offset_seconds = 0;
};

struct CalendarProfile {
  PlantCalendar calendar;
  // The first is for all that was before the second, too. Kept with the model, so that it does not
  // depend on the time zones that another machine knows.
  std::vector<ClockChange> clock;
  std::int64_t slot_seconds = 0;  // divides a day
  std::vector<double> values;     // [kTimeKinds, slots of a day], in the target's unit

  [[nodiscard]] std::size_t slots() const {
    return static_cast<std::size_t>(kDaySeconds / slot_seconds);
  }
  [[nodiscard]] double At(std::int64_t unix_seconds) const;
};

// From readings (NaN where missing) at ascending times, `slot_seconds` apart. A kind of which
// little was seen is near to what the hour is like otherwise. INVALID_ARGUMENT for a time zone that
// this machine does not know.
[[nodiscard]] absl::StatusOr<CalendarProfile> FitCalendarProfile(
    const PlantCalendar& calendar, const std::vector<std::int64_t>& unix_seconds,
    const std::vector<double>& readings, std::int64_t slot_seconds);

}  // namespace fleetcast::forecast
