#include "services/inference/domain/live_accuracy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/json.h"

namespace fleetcast::inference {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AccuracyDay, day, count, absolute, covered)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(AccuracyWindow, horizon, levels, days)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(HorizonBand, first_step, last_step, count, mae)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(LiveAccuracy, count, days, first_day, last_day, mae,
                                                median_day_mae, bands, levels, covered,
                                                median_day_covered)

namespace {

std::int64_t DayOf(absl::Time time) { return absl::ToUnixSeconds(time) / 86'400; }

AccuracyDay& DayIn(AccuracyWindow& window, std::int64_t day) {
  auto at = std::lower_bound(window.days.begin(), window.days.end(), day,
                             [](const AccuracyDay& a, std::int64_t b) { return a.day < b; });
  if (at == window.days.end() || at->day != day) {
    at = window.days.insert(at, AccuracyDay{.day = day, .covered = {}});
    at->covered.assign(window.levels.size(), 0);
  }
  return *at;
}

std::int64_t CountOf(const AccuracyDay& day) {
  return std::accumulate(day.count.begin(), day.count.end(), std::int64_t{0});
}
double AbsoluteOf(const AccuracyDay& day) {
  return std::accumulate(day.absolute.begin(), day.absolute.end(), 0.0);
}

// The lower one of two in the middle for what is worse when higher, so that half of the days are
// not enough.
double LowerMedian(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<HorizonBand> BandsOf(const AccuracyWindow& window) {
  std::array<HorizonBand, kHorizonBands> all{};
  for (int step = 1; step <= window.horizon; ++step) {
    HorizonBand& band = all[BandOf(step, window.horizon)];
    if (band.first_step == 0) band.first_step = step;
    band.last_step = step;
  }
  std::vector<HorizonBand> bands;
  for (std::size_t i = 0; i < kHorizonBands; ++i) {
    double absolute = 0;
    for (const AccuracyDay& day : window.days) {
      all[i].count += day.count[i];
      absolute += day.absolute[i];
    }
    if (all[i].count == 0) continue;
    all[i].mae = absolute / static_cast<double>(all[i].count);
    bands.push_back(all[i]);
  }
  return bands;
}

std::string Percent(double percent) { return absl::StrFormat("%.0f %%", percent); }

}  // namespace

std::size_t BandOf(int step, int horizon) {
  const std::size_t band = static_cast<std::size_t>(std::max(0, step - 1)) * kHorizonBands /
                           static_cast<std::size_t>(std::max(1, horizon));
  return std::min(band, kHorizonBands - 1);
}

void Add(const std::vector<ScoredValue>& values, const std::vector<double>& levels,
         AccuracyWindow& window) {
  if (values.empty()) return;
  if (window.horizon != values.front().horizon || window.levels != levels)
    window = {.horizon = values.front().horizon, .levels = levels, .days = {}};
  for (const ScoredValue& value : values) {
    AccuracyDay& day = DayIn(window, DayOf(value.time));
    const std::size_t band = BandOf(value.step, value.horizon);
    ++day.count[band];
    day.absolute[band] += std::abs(value.actual - value.forecast);
    for (std::size_t i = 0; i < levels.size() && i < value.lower.size(); ++i)
      if (value.actual >= value.lower[i] && value.actual <= value.upper[i]) ++day.covered[i];
  }
  const std::int64_t oldest = window.days.back().day - kAccuracyDays + 1;
  std::erase_if(window.days, [&](const AccuracyDay& day) { return day.day < oldest; });
}

LiveAccuracy AccuracyOf(const AccuracyWindow& window) {
  LiveAccuracy live;
  live.levels = window.levels;
  live.covered.assign(window.levels.size(), 0);
  std::vector<double> maes, misses;
  double absolute = 0;
  for (const AccuracyDay& day : window.days) {
    const std::int64_t count = CountOf(day);
    if (count == 0) continue;
    live.count += count;
    absolute += AbsoluteOf(day);
    maes.push_back(AbsoluteOf(day) / static_cast<double>(count));
    for (std::size_t i = 0; i < live.covered.size() && i < day.covered.size(); ++i)
      live.covered[i] += static_cast<double>(day.covered[i]);
    if (!day.covered.empty())
      misses.push_back(100.0 - 100.0 * static_cast<double>(day.covered.back()) /
                                   static_cast<double>(count));
  }
  live.days = static_cast<int>(maes.size());
  if (live.days == 0) return live;
  const auto begin_of = [](const AccuracyDay& day) {
    return absl::FromUnixSeconds(day.day * 86'400);
  };
  live.first_day = begin_of(window.days.front());
  live.last_day = begin_of(window.days.back());
  live.mae = absolute / static_cast<double>(live.count);
  live.median_day_mae = LowerMedian(std::move(maes));
  for (double& covered : live.covered) covered *= 100.0 / static_cast<double>(live.count);
  if (!misses.empty()) live.median_day_covered = 100 - LowerMedian(std::move(misses));
  live.bands = BandsOf(window);
  return live;
}

std::optional<Drift> DriftOf(const LiveAccuracy& live, std::optional<double> backtest_mae) {
  if (live.days < kDriftDays || live.count < kDriftValues) return std::nullopt;
  const std::string remedy =
      "; look whether the sensor or its plant has changed, and train the circuit on newer data: "
      "raise its `cutoff_date`";
  if (backtest_mae && live.median_day_mae > 1.5 * *backtest_mae)
    return Drift{.reason = "ERROR_ABOVE_BACKTEST",
                 .message = absl::StrCat(
                     absl::StrFormat("on the usual one of %d days its forecasts were off by %.4g, "
                                     "for %.4g on held-out rows",
                                     live.days, live.median_day_mae, *backtest_mae),
                     remedy)};
  if (live.levels.empty()) return std::nullopt;
  const double allowed = 2 * (100 - live.levels.back()) + 5;
  if (100 - live.median_day_covered > allowed)
    return Drift{.reason = "COVERAGE_LOW",
                 .message = absl::StrCat("on the usual one of ", live.days, " days ",
                                         Percent(live.median_day_covered),
                                         " of what came lay within the interval of ",
                                         Percent(live.levels.back()), remedy)};
  return std::nullopt;
}

std::string ToJson(const AccuracyWindow& window) { return nlohmann::json(window).dump(); }

AccuracyWindow AccuracyWindowOf(const std::string& json) {
  return FromJson<AccuracyWindow>(json, "a window of errors").value_or(AccuracyWindow{});
}

std::string ToJson(const LiveAccuracy& live) { return nlohmann::json(live).dump(); }

std::optional<LiveAccuracy> LiveAccuracyOf(const std::string& json) {
  auto live = FromJson<LiveAccuracy>(json, "a live accuracy");
  if (!live.ok() || live->count == 0) return std::nullopt;
  return *std::move(live);
}

}  // namespace fleetcast::inference
