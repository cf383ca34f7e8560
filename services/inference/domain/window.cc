#include "services/inference/domain/window.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

std::size_t RowsToRead(std::size_t input_rows) { return 2 * input_rows + 16; }

absl::Status CheckFresh(const std::string& sensor_id, std::int64_t last_reading_unix_seconds,
                        absl::Time reference, absl::Duration max_age) {
  const absl::Time last = absl::FromUnixSeconds(last_reading_unix_seconds);
  if (max_age <= absl::ZeroDuration() || reference - last <= max_age) return absl::OkStatus();
  const std::string last_text = absl::FormatTime(absl::RFC3339_sec, last, absl::UTCTimeZone());
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_STALE",
                 absl::StrCat("the last reading of sensor ", sensor_id, " is of ", last_text,
                              ", more than ", absl::FormatDuration(max_age),
                              " before the forecast is due; look for what stopped the sensor"),
                 {{"sensor_id", sensor_id}, {"last_reading", last_text}});
}

void AddStale(absl::Duration step, absl::Time due, Forecast& forecast) {
  const absl::Duration age = due - forecast.issue_time;
  if (age <= 2 * step) return;
  const auto missing = static_cast<std::int64_t>(absl::FDivDuration(age, step));
  forecast.remarks.push_back(
      {.kind = "STALE",
       .column = "",
       .count = missing,
       .text = absl::StrCat(
           "the newest row is of ",
           absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", forecast.issue_time, absl::UTCTimeZone()),
           ", with rows every ", absl::FormatDuration(step), ": ", missing,
           " are missing up to when the forecast was due")});
}

void AddStuck(absl::Time first, std::int64_t count, double value, Forecast& forecast) {
  forecast.remarks.push_back(
      {.kind = "STUCK",
       .column = forecast.target_column,
       .count = count,
       .text = absl::StrCat("column \"", forecast.target_column, "\": ", count,
                            " readings in a row are ", value, ", since ",
                            absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", first, absl::UTCTimeZone()),
                            ", longer than is usual for it: the sensor is stuck, or what it "
                            "measures stands still")});
}

}  // namespace fleetcast::inference
