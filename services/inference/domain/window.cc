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

}  // namespace fleetcast::inference
