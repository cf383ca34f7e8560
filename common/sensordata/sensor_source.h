// Where sensor readings come from. Rows are given as they stand, oldest first; what is wrong with
// them is reported by ProfileReadings and put on a grid by MaskedGridOf and RegularGrid.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/time_series.h"
#include "common/sensordata/data_issue.h"
#include "common/sensordata/quality.h"

namespace fleetcast::sensordata {

// One sensor's rows as the source has them: may hold duplicates and rows out of order, NaN for an
// empty cell and infinities. Unlike TimeSeries, unix_seconds need not increase.
struct RawReadings {
  std::vector<std::string> columns;
  std::vector<std::int64_t> unix_seconds;  // [rows]
  std::vector<double> values;              // [rows, columns]
  // [rows, columns]; empty where the source has no quality column. A bad cell's value is NaN.
  std::vector<Quality> quality = {};
  // What was seen in reading: text columns, an unfinished line, qualities. ProfileReadings has them
  // among its issues.
  std::vector<DataIssue> issues = {};
  [[nodiscard]] std::size_t rows() const { return unix_seconds.size(); }
};

// Rows × columns of one read, 512 MiB of memory: five years of minutes in 25 columns. More is an
// error, not an end of the process.
inline constexpr std::size_t kMaxValues = std::size_t{64} << 20;

struct ReadRequest {
  std::string sensor_id;  // printable; it becomes a file name or a bound parameter
  // In the order wanted; empty means every column whose name a configuration can give
  // (IsColumnName) and that holds numbers, in the source's order, but the sensor's id, its time and
  // its quality.
  std::vector<std::string> columns;
  std::optional<std::int64_t> from_unix_seconds;    // inclusive
  std::optional<std::int64_t> before_unix_seconds;  // exclusive
  std::optional<std::size_t> last_rows;             // only the newest n of the range
  std::size_t max_values = kMaxValues;
};

// The end of a cutoff day in UTC, exclusive: "2025-12-09" gives 2025-12-10T00:00:00Z.
// INVALID_ARGUMENT for what is no calendar date.
[[nodiscard]] absl::StatusOr<std::int64_t> EndOfCutoffDay(const std::string& cutoff_date);

// Thread safe; nothing is thrown. Errors carry reasons: SENSOR_NOT_FOUND (NOT_FOUND);
// SENSOR_COLUMN_MISSING, SENSOR_DATA_MALFORMED (with file and line or row), DATA_TOO_LARGE (more
// than max_values), SENSOR_SOURCE_MISCONFIGURED (a setting is wrong, which it names:
// FAILED_PRECONDITION all); SENSOR_SOURCE_UNAVAILABLE (UNAVAILABLE: the file system or the database
// cannot be reached) and OUT_OF_MEMORY (RESOURCE_EXHAUSTED), both worth another try.
class SensorSource {
 public:
  virtual ~SensorSource() = default;
  [[nodiscard]] virtual absl::StatusOr<RawReadings> Read(const ReadRequest& request) = 0;
  // Where the sensor's rows lie, for people and for the MLTable document: a path or a URI without
  // credentials, printable.
  [[nodiscard]] virtual std::string Location(const std::string& sensor_id) const {
    return sensor_id;
  }
};

}  // namespace fleetcast::sensordata
