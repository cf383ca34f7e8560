#include "cli/time_input.h"

#include "common/base/status.h"

namespace fleetcast::cli {

absl::StatusOr<absl::Time> ParseTime(const std::string& field, const std::string& text,
                                     DayMeans day) {
  absl::Time time;
  std::string ignored;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &ignored)) return time;
  for (const char* format : {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"}) {
    if (absl::ParseTime(format, text, &time, &ignored)) return time;
  }
  if (absl::ParseTime("%Y-%m-%d", text, &time, &ignored)) {
    return day == DayMeans::kItsEnd ? time + absl::Hours(24) - absl::Seconds(1) : time;
  }
  return InvalidField(field, "'" + text +
                                 "' is not a time: give 2025-12-09T13:00:00Z, '2025-12-09 13:00' "
                                 "(UTC) or 2025-12-09 (the " +
                                 (day == DayMeans::kItsEnd ? "end" : "beginning") +
                                 " of that day)");
}

}  // namespace fleetcast::cli
