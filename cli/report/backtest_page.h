// A backtest's forecasts as files: a page to look at, and a table to reckon with.
#pragma once

#include <string>
#include <vector>

#include "cli/views/backtest_view.h"
#include "common/base/time_series.h"

namespace fleetcast::cli {

// One HTML page that needs nothing else: of each row's windows the newest, the best, the median and
// the worst one by MAE, with the readings before it from `series`.
[[nodiscard]] std::string BacktestPage(const std::vector<BacktestRow>& rows,
                                       const TimeSeries& series);

// CSV, a line for each step of each forecast of the first seed: target, issue_time, step, time,
// forecast, lower_80 and upper_80 for each level, actual (empty where nothing came).
[[nodiscard]] std::string ForecastsCsv(const std::vector<BacktestRow>& rows,
                                       std::int64_t step_seconds);

}  // namespace fleetcast::cli
