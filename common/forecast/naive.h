// Forecasts that need no model: the values of the day before, or the last value. With the intervals
// that their own errors over the readings at hand give.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

struct NaiveSpec {
  std::string target_column;
  int horizon = 24;
  std::vector<double> interval_levels;     // percent, ascending
  std::optional<double> minimum, maximum;  // as in ModelSpec
};

struct NaiveForecast {
  bool seasonal = false;          // repeats the day before, else the last value
  std::vector<double> plausible;  // [rows]: the target's readings, NaN where there is none
  ForecastResult result;
};

// As many rows of `step_seconds` as MakeNaiveForecast makes good use of: two weeks, at most 6,000
// rows, at least 500.
[[nodiscard]] std::size_t NaiveRows(std::int64_t step_seconds);

// Forecasts what follows the last row of `history`, a regular grid with NaN where a value is
// missing. Seasonal where the step divides a day and at least half of the last day's values are
// readings, else the last value. Outliers (FitPlausibleRange, and what is beyond the declared
// bounds) count as missing and missing values are filled as for a model; both are remarked. The
// intervals are those of the same forecast's errors at each step (split-conformal, signed), from up
// to 500 earlier rows. DATA_COLUMN_MISSING, DATA_IRREGULAR_STEP, DATA_TOO_FEW_ROWS; DATA_NOT_FINITE
// where there is no reading at all.
[[nodiscard]] absl::StatusOr<NaiveForecast> MakeNaiveForecast(const TimeSeries& history,
                                                              const NaiveSpec& spec);

}  // namespace fleetcast::forecast
