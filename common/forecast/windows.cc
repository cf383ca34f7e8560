#include "common/forecast/windows.h"

#include <algorithm>
#include <cmath>

#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

}  // namespace

SplitRows SplitOf(std::size_t rows, const SplitShares& shares) {
  // The small addend keeps 0.85 * 100, which is a hair below 85 in binary, at 85.
  const auto border = [rows](double share) {
    return std::min(rows, static_cast<std::size_t>(static_cast<double>(rows) * share + 1e-6));
  };
  const std::size_t train_end = border(shares.train);
  const std::size_t validation_end = std::max(train_end, border(shares.train + shares.validation));
  return {{0, train_end}, {train_end, validation_end}, {validation_end, rows}};
}

absl::StatusOr<std::size_t> ColumnIndex(const TimeSeries& series, const std::string& column) {
  const auto found = std::find(series.columns.begin(), series.columns.end(), column);
  if (found != series.columns.end()) {
    return static_cast<std::size_t>(found - series.columns.begin());
  }
  std::string present;
  for (const std::string& name : series.columns) present += (present.empty() ? "" : ", ") + name;
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_COLUMN_MISSING",
                 "the data has no column \"" + column + "\"; it has: " + present,
                 {{"column", column}, {"columns", present}});
}

absl::StatusOr<std::vector<std::size_t>> ColumnIndices(const TimeSeries& series,
                                                       const std::vector<std::string>& columns) {
  std::vector<std::size_t> indices;
  for (const std::string& column : columns) {
    FLEETCAST_ASSIGN_OR_RETURN(std::size_t index, ColumnIndex(series, column));
    indices.push_back(index);
  }
  return indices;
}

absl::StatusOr<std::int64_t> RegularStep(const TimeSeries& series, std::size_t first_row) {
  if (series.rows() < first_row + 2) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "a step between rows needs two rows; there are " +
                       std::to_string(series.rows() - std::min(first_row, series.rows())),
                   {{"rows", std::to_string(series.rows())}});
  }
  const std::vector<std::int64_t>& times = series.unix_seconds;
  const std::int64_t step = times[first_row + 1] - times[first_row];
  for (std::size_t row = first_row + 1; row < times.size(); ++row) {
    if (step > 0 && times[row] - times[row - 1] == step) continue;
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_IRREGULAR_STEP",
                   "row " + std::to_string(row) + " comes " +
                       std::to_string(times[row] - times[row - 1]) +
                       " s after the row before it, " + "where " + std::to_string(step) +
                       " s were expected; bring the readings " + "onto a regular grid first",
                   {{"row", std::to_string(row)}, {"step_seconds", std::to_string(step)}});
  }
  return step;
}

std::size_t RowsPerDay(std::int64_t step_seconds) {
  if (step_seconds <= 0 || kSecondsPerDay % step_seconds != 0) return 0;
  const std::int64_t rows = kSecondsPerDay / step_seconds;
  return rows >= 2 ? static_cast<std::size_t>(rows) : 0;
}

std::vector<double> ColumnValues(const TimeSeries& series, std::size_t column) {
  return ColumnValues(series, column, {0, series.rows()});
}

std::vector<double> ColumnValues(const TimeSeries& series, std::size_t column, RowRange rows) {
  std::vector<double> values;
  values.reserve(rows.end - rows.begin);
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    values.push_back(series.at(row, column));
  }
  return values;
}

}  // namespace fleetcast::forecast
