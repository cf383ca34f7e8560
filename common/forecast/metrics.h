// Errors of forecasts and of the naive forecasts they are held against.
#pragma once

#include <cstdint>
#include <vector>

#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// Steps of the season that the seasonal-naive forecast repeats: see Metrics.
[[nodiscard]] std::size_t NaiveSeason(std::int64_t step_seconds, std::size_t horizon,
                                      std::size_t part_begin);

// The seasonal-naive forecast [horizon] of the window with its last input at row `origin`: the last
// season before it, repeated; the last value where the season's is missing or before the series.
[[nodiscard]] std::vector<double> SeasonalNaive(const TimeSeries& series, std::size_t target_column,
                                                std::size_t origin, std::size_t horizon,
                                                std::size_t season);

// Sums errors window by window. Not thread safe.
class MetricsSum {
 public:
  void Add(double actual, double forecast, double last_value, double seasonal_value);
  // Ends a window.
  void CountWindow() { ++windows_; }
  [[nodiscard]] Metrics Result() const;

 private:
  std::int64_t windows_ = 0;
  double values_ = 0;
  double absolute_ = 0, squared_ = 0, absolute_repeat_last_ = 0, absolute_seasonal_ = 0;
  double mean_ = 0, squared_deviations_ = 0;  // of the actual values (Welford)
};

// The split-conformal half width: the ceil((n + 1) * level / 100)-th smallest of n absolute errors,
// the largest where that is beyond n. Sorts `absolute_errors`, which must not be empty.
// Vovk et al., Algorithmic Learning in a Random World (2005), section 4.2.
[[nodiscard]] double ConformalQuantile(std::vector<double>& absolute_errors, double level);

}  // namespace fleetcast::forecast
