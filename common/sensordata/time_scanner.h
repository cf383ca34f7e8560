// Takes dates and times of day off texts.
#pragma once

#include <optional>
#include <string_view>

#include "common/sensordata/time_format.h"

namespace fleetcast::sensordata {

enum class DateOrder { kYearFirst, kDayFirst, kMonthFirst };

// A date, and after it perhaps a time of day, AM or PM, and an offset ("Z", " UTC", "+01:00").
// nullopt for anything else, days that do not exist included.
[[nodiscard]] std::optional<Moment> ScanMoment(std::string_view text, DateOrder order);

// A date of any order without a time of day, and a time of day without a date.
[[nodiscard]] bool IsDate(std::string_view text);
[[nodiscard]] bool IsTimeOfDay(std::string_view text);

}  // namespace fleetcast::sensordata
