// Which of a column's values can be readings at all. Historians write -9999, 0 or 3.4e38 where a
// sensor gave nothing; one such value would move scales, weights and forecasts.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace fleetcast::forecast {

// Fitted on training rows, kept with the model, applied to every row it ever sees. An outlier is
// - a value outside [lowest, highest], or
// - one to kLongestSpike equal values in a row that are more than `jump` away, in the same
//   direction, from the readings on both sides; at the end of what is known (where no reading
//   follows yet) up to kLongestDoubt of them.
struct PlausibleRange {
  double lowest = 0, highest = 0;  // finite, lowest <= highest
  double jump = 0;                 // above 0
};
// Of a column about which nothing is known. Squares and sums of smaller values are finite.
inline constexpr PlausibleRange kEverythingPlausible{
    .lowest = -1e30, .highest = 1e30, .jump = 4e30};
inline constexpr std::size_t kLongestSpike = 12;
inline constexpr std::size_t kLongestDoubt = 3;

// Of the values below 1e30 in `values`. The bulk lies between the quantiles of 5 and 95 %. A group
// of at most 10 % of all values that ten of the bulk's widths separate from the rest is cut off;
// what remains may be exceeded by four of its own widths, but only half the way to what was cut
// off. `jump` is six times the size that 90 % of the changes do not exceed (Hampel's idea, on
// changes); where more than 3 % of the values jump there and back, that is how the sensor is, and
// none is an outlier for it. Everything is plausible where there are fewer than 20 values or all
// are equal.
[[nodiscard]] PlausibleRange FitPlausibleRange(const std::vector<double>& values);

// Which of `values` (NaN where missing) belong to a standstill: at least `shortest` equal readings
// in a row. A machine that stands, or a sensor that is stuck: either way nothing can be learnt from
// it about the times when it moves.
[[nodiscard]] std::vector<bool> FindStandstills(const std::vector<double>& values,
                                                std::size_t shortest);

struct Outlier {
  std::size_t row = 0;
  double value = 0;
};

// Replaces the outliers of `values` (NaN where missing) with NaN and returns them by row.
std::vector<Outlier> MaskOutliers(const PlausibleRange& range, std::vector<double>& values);

}  // namespace fleetcast::forecast
