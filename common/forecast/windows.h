// Which stretches of a series a model learns from and is judged on. A window is named by its
// origin: the row of its last input. Its inputs end there, its targets are the rows after it.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// The column's index; FAILED_PRECONDITION with reason DATA_COLUMN_MISSING, listing what there is.
[[nodiscard]] absl::StatusOr<std::size_t> ColumnIndex(const TimeSeries& series,
                                                      const std::string& column);

// The indices of `columns`, in their order.
[[nodiscard]] absl::StatusOr<std::vector<std::size_t>> ColumnIndices(
    const TimeSeries& series, const std::vector<std::string>& columns);

// Seconds between rows from `first_row` on. FAILED_PRECONDITION: DATA_TOO_FEW_ROWS below two rows,
// DATA_IRREGULAR_STEP naming the first row that is not one step after the row before it.
[[nodiscard]] absl::StatusOr<std::int64_t> RegularStep(const TimeSeries& series,
                                                       std::size_t first_row = 0);

// Rows of one day; 0 where the step does not divide a day into two or more.
[[nodiscard]] std::size_t RowsPerDay(std::int64_t step_seconds);

// The values of one column.
[[nodiscard]] std::vector<double> ColumnValues(const TimeSeries& series, std::size_t column);

// The same of `rows` alone.
[[nodiscard]] std::vector<double> ColumnValues(const TimeSeries& series, std::size_t column,
                                               RowRange rows);

}  // namespace fleetcast::forecast
