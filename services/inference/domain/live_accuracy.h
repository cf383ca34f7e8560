// How far a version's forecasts were from what came: sums by day over a rolling window, and whether
// the sensor has drifted away from what the version was trained on. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace fleetcast::inference {

// A reading beside what was said about it.
struct ScoredValue {
  absl::Time time;
  int step = 1, horizon = 1;  // of the forecast
  double actual = 0, forecast = 0;
  std::vector<double> lower, upper;  // one per interval level
};

// The horizon in four parts of about as many steps, nearest first.
inline constexpr std::size_t kHorizonBands = 4;
[[nodiscard]] std::size_t BandOf(int step, int horizon);

// The days of data that are kept: the newest and those up to 13 before it.
inline constexpr int kAccuracyDays = 14;

struct AccuracyDay {
  std::int64_t day = 0;  // of the reading's time in UTC, since 1970
  std::array<std::int64_t, kHorizonBands> count{};
  std::array<double, kHorizonBands> absolute{};  // sums of absolute errors
  std::vector<std::int64_t> covered;             // by interval level
};

// Of one version of one circuit.
struct AccuracyWindow {
  int horizon = 0;
  std::vector<double> levels;     // percent, ascending
  std::vector<AccuracyDay> days;  // by day
};

// Adds them and drops the days that are too old. Values of another horizon or of other levels
// than those of the window begin it anew.
void Add(const std::vector<ScoredValue>& values, const std::vector<double>& levels,
         AccuracyWindow& window);

struct HorizonBand {
  int first_step = 0, last_step = 0;
  std::int64_t count = 0;
  double mae = 0;
};

// What a window comes to.
struct LiveAccuracy {
  std::int64_t count = 0;  // values
  int days = 0;            // with values
  absl::Time first_day, last_day;
  double mae = 0;
  double median_day_mae = 0;
  std::vector<HorizonBand> bands;       // those that have values
  std::vector<double> levels, covered;  // percent: asked for, and found
  double median_day_covered = 0;        // percent, of the widest level; 0 without levels
};
[[nodiscard]] LiveAccuracy AccuracyOf(const AccuracyWindow& window);

struct Drift {
  std::string reason;  // ERROR_ABOVE_BACKTEST, COVERAGE_LOW
  std::string message;
};

// What a sensor that has changed its ways is told by. Medians of days, so that no single bad day
// makes it, nor two of five:
// - at least kDriftDays days and kDriftValues values, and then
// - the usual day's error is more than half again the backtest's, or
// - on the usual day more than twice the values, and five in a hundred more, lie outside of the
//   widest interval than its level says.
inline constexpr int kDriftDays = 5;
inline constexpr std::int64_t kDriftValues = 50;
// `backtest_mae`: of the version on held-out rows; none: it does not say.
[[nodiscard]] std::optional<Drift> DriftOf(const LiveAccuracy& live,
                                           std::optional<double> backtest_mae);

// As rows keep them; what cannot be read is empty.
[[nodiscard]] std::string ToJson(const AccuracyWindow& window);
[[nodiscard]] AccuracyWindow AccuracyWindowOf(const std::string& json);
[[nodiscard]] std::string ToJson(const LiveAccuracy& live);
[[nodiscard]] std::optional<LiveAccuracy> LiveAccuracyOf(const std::string& json);

}  // namespace fleetcast::inference
