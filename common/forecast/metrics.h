// Errors of forecasts and of the naive forecasts they are held against.
#pragma once

#include <cstdint>
#include <vector>

#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// Steps of the season that the seasonal-naive forecast repeats: see Metrics.
[[nodiscard]] std::size_t NaiveSeason(std::int64_t step_seconds, std::size_t horizon,
                                      std::size_t part_begin);

// The seasonal-naive forecast [horizon] of the window with its last input at row `origin` of
// `values`: the last season before it, repeated; the last value where the season's is missing or
// before the first.
[[nodiscard]] std::vector<double> SeasonalNaive(const std::vector<double>& values,
                                                std::size_t origin, std::size_t horizon,
                                                std::size_t season);

struct IntervalEnds {
  double lower = 0, upper = 0;
};

// What came, and what was forecast.
struct ForecastValue {
  double actual = 0, forecast = 0, last_value = 0, seasonal_value = 0;
};

// Sums the errors of forecasts one by one. Not thread safe.
class ErrorSum {
 public:
  void Add(const ForecastValue& value);
  // `mase_scale` is the error that mase takes for 1; above 0.
  [[nodiscard]] ForecastErrors Result(double mase_scale) const;

 private:
  double values_ = 0;
  double absolute_ = 0, squared_ = 0;
  double absolute_repeat_last_ = 0, squared_repeat_last_ = 0;
  double absolute_seasonal_ = 0, squared_seasonal_ = 0;
  double mean_ = 0, squared_deviations_ = 0;  // of the actual values (Welford)
};

// Sums windows. Not thread safe.
class MetricsSum {
 public:
  MetricsSum(std::size_t horizon, std::vector<double> interval_levels);
  // All of it that has come.
  void Add(const ScoredWindow& window);
  [[nodiscard]] Metrics Result(double mase_scale) const;

 private:
  std::vector<double> levels_;
  std::vector<double> covered_;  // values within each level's interval
  double values_ = 0;
  std::int64_t windows_ = 0;
  ErrorSum all_;
  std::vector<ErrorSum> by_step_;
};

// The split-conformal ends of an interval that holds `level` percent of n errors (what came less
// what was forecast), as many of the rest on either side: the ceil((n + 1) (1 + level / 100) /
// 2)-th smallest and its mirror image, the outermost where that is beyond n. The lower end is 0 at
// most, the upper one at least. Sorts `errors`, which must not be empty. Vovk et al., Algorithmic
// Learning in a Random World (2005), section 4.2.
[[nodiscard]] IntervalEnds ConformalEnds(std::vector<double>& errors, double level);

}  // namespace fleetcast::forecast
