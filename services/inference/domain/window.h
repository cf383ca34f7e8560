// The readings that a forecast is made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/time_series.h"

namespace fleetcast::inference {

// Rows to ask the source for so that `input_rows` regular ones remain once duplicates are dropped
// and single gaps filled.
[[nodiscard]] std::size_t RowsToRead(std::size_t input_rows);

// The columns that a model reads: its features, then the target if it is none of them.
[[nodiscard]] std::vector<std::string> ColumnsToRead(const std::vector<std::string>& features,
                                                     const std::string& target);

// `grid` without the at most `max_dropped` last rows in which a value is missing: a sensor that
// writes its channels one after another often leaves the newest row incomplete.
[[nodiscard]] TimeSeries WithoutIncompleteEnd(const TimeSeries& grid, int max_dropped = 3);

// FAILED_PRECONDITION DATA_STALE if the last reading is older than `max_age` at `reference` (the
// as-of time, or the wall clock's). A `max_age` of zero allows any age.
[[nodiscard]] absl::Status CheckFresh(const std::string& sensor_id,
                                      std::int64_t last_reading_unix_seconds, absl::Time reference,
                                      absl::Duration max_age);

}  // namespace fleetcast::inference
