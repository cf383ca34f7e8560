// config/calendars/{name}.yml: holidays, shifts and planned maintenance, in the local time of the
// plants that use them.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "common/base/plant_calendar.h"
#include "services/config/domain/document.h"
#include "services/config/domain/object_id.h"

namespace fleetcast::config {

inline constexpr char kCalendarsFolder[] = "config/calendars";
// Of each list; a year of three shifts a day has about a thousand.
inline constexpr std::size_t kMostCalendarItems = 2'000;
inline constexpr std::array<const char*, 7> kWeekdays = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

struct CalendarFile {
  // Of no time zone yet: `maintenance` is in seconds of the local clock since 1970-01-01.
  PlantCalendar local;
  Diagnostics diagnostics;  // with path
};

// All calendars of a commit, by name.
struct Calendars {
  ObjectId object_id;  // of their folder
  std::map<std::string, CalendarFile> files;
  Diagnostics diagnostics;  // about what else is in the folder
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

[[nodiscard]] CalendarFile ReadCalendarFile(const ParsedYaml& yaml, const std::string& path);

// The calendar of a plant in that time zone ("" is UTC, else one that is known here).
[[nodiscard]] PlantCalendar CalendarIn(const std::string& time_zone, const PlantCalendar& local);

// As canonical JSON, and in a few words for people.
[[nodiscard]] std::string CalendarJson(const PlantCalendar& calendar);
[[nodiscard]] std::string CalendarText(const PlantCalendar& calendar);

}  // namespace fleetcast::config
