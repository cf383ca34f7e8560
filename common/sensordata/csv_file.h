// One sensor's CSV file as a table: a header, a timestamp column, numbers. No I/O here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// The rows of `text` that `request` asks for, in the file's order (`last_rows` included).
// Tolerates a byte order mark, CRLF, quoted fields ("" is a quote), blank lines and blanks around
// fields. Cells that are empty or say NaN, NA, N/A or null are missing (NaN). Rows outside the
// range need a good timestamp and are not looked at further.
// A column whose name is not IsColumnName is in nobody's way, and its cells are not looked at;
// unless it is one that was asked for, under another encoding's bytes: then it is malformed.
// FAILED_PRECONDITION: SENSOR_DATA_MALFORMED with `path`, line and column; SENSOR_COLUMN_MISSING;
// DATA_TOO_LARGE.
[[nodiscard]] absl::StatusOr<RawReadings> ParseCsv(std::string_view text, const std::string& path,
                                                   const ReadRequest& request);

}  // namespace fleetcast::sensordata
