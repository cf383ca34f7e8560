// What a sensor's rows are worth: statistics, a fingerprint, every irregularity by name, the
// regular grid that a model trains on, and the MLTable document that describes them to Azure ML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/sensordata/data_issue.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

struct ColumnProfile {
  std::string name;
  double minimum = 0, maximum = 0, mean = 0, standard_deviation = 0;  // over finite values
  std::int64_t missing = 0;                                           // empty or non-finite cells
};

struct DataProfile {
  std::int64_t row_count = 0;
  std::int64_t first_unix_seconds = 0, last_unix_seconds = 0;
  std::int64_t step_seconds = 0;  // of the grid: the newest rows'
  std::vector<ColumnProfile> columns;
  std::string fingerprint;  // SHA-256 hex of the canonical rows
  std::vector<DataIssue> issues;
};

// FAILED_PRECONDITION with reason DATA_TOO_FEW_ROWS below two distinct timestamps. The
// fingerprint does not depend on the order of the columns, nor on the order of rows with
// different timestamps.
[[nodiscard]] absl::StatusOr<DataProfile> ProfileReadings(const RawReadings& readings);

// The series of MaskedGridOf: what is missing or masked is NaN. Errors as there.
[[nodiscard]] absl::StatusOr<TimeSeries> RegularGrid(const RawReadings& readings,
                                                     std::int64_t step_seconds = 0);

// The MLTable YAML document for these rows at `path` (a URI or path as the source names it).
[[nodiscard]] std::string MlTableDocument(const std::string& path, const DataProfile& profile,
                                          const std::string& cutoff_date);

// The same for the rows of many sensors, whose documents of their own say more; `sha256` is of them
// all. Of a great many paths those are named that 200 KiB hold.
[[nodiscard]] std::string MlTableOfFiles(const std::vector<std::string>& paths,
                                         const std::string& sha256, const std::string& cutoff_date);

}  // namespace fleetcast::sensordata
