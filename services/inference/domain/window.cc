#include "services/inference/domain/window.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

std::size_t RowsToRead(std::size_t input_rows) { return 2 * input_rows + 16; }

std::vector<std::string> ColumnsToRead(const std::vector<std::string>& features,
                                       const std::string& target) {
  std::vector<std::string> columns = features;
  if (std::find(columns.begin(), columns.end(), target) == columns.end()) {
    columns.push_back(target);
  }
  return columns;
}

TimeSeries WithoutIncompleteEnd(const TimeSeries& grid, int max_dropped) {
  const std::size_t width = grid.columns.size();
  std::size_t rows = grid.rows();
  for (int dropped = 0; dropped < max_dropped && rows > 0; ++dropped, --rows) {
    const auto row = grid.values.begin() + static_cast<std::ptrdiff_t>((rows - 1) * width);
    if (std::all_of(row, row + static_cast<std::ptrdiff_t>(width),
                    [](double value) { return std::isfinite(value); })) {
      break;
    }
  }
  TimeSeries complete = grid;
  complete.unix_seconds.resize(rows);
  complete.values.resize(rows * width);
  return complete;
}

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
