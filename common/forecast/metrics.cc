#include "common/forecast/metrics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

double Skill(double mae, double naive_mae) {
  if (naive_mae > 0) return 1 - mae / naive_mae;
  return mae > 0 ? -1 : 0;
}

}  // namespace

std::size_t NaiveSeason(std::int64_t step_seconds, std::size_t horizon, std::size_t part_begin) {
  const std::size_t day = RowsPerDay(step_seconds);
  return day > 0 && part_begin >= day ? day : horizon;
}

std::vector<double> SeasonalNaive(const std::vector<double>& values, std::size_t origin,
                                  std::size_t horizon, std::size_t season) {
  std::vector<double> forecast(horizon, values[origin]);
  for (std::size_t step = 0; step < horizon; ++step) {
    const std::size_t back = season - step % season;  // rows before the row after the origin
    if (back > origin + 1) continue;
    const double value = values[origin + 1 - back];
    if (std::isfinite(value)) forecast[step] = value;
  }
  return forecast;
}

void ErrorSum::Add(const ForecastValue& value) {
  const double error = value.forecast - value.actual;
  const double repeat_last_error = value.last_value - value.actual;
  const double seasonal_error = value.seasonal_value - value.actual;
  absolute_ += std::abs(error);
  squared_ += error * error;
  absolute_repeat_last_ += std::abs(repeat_last_error);
  squared_repeat_last_ += repeat_last_error * repeat_last_error;
  absolute_seasonal_ += std::abs(seasonal_error);
  squared_seasonal_ += seasonal_error * seasonal_error;
  values_ += 1;
  const double deviation = value.actual - mean_;
  mean_ += deviation / values_;
  squared_deviations_ += deviation * (value.actual - mean_);
}

ForecastErrors ErrorSum::Result(double mase_scale) const {
  ForecastErrors errors;
  if (values_ == 0) return errors;
  errors.mae = absolute_ / values_;
  errors.rmse = std::sqrt(squared_ / values_);
  errors.mase = errors.mae / mase_scale;
  errors.mae_repeat_last = absolute_repeat_last_ / values_;
  errors.rmse_repeat_last = std::sqrt(squared_repeat_last_ / values_);
  errors.mae_seasonal_naive = absolute_seasonal_ / values_;
  errors.rmse_seasonal_naive = std::sqrt(squared_seasonal_ / values_);
  errors.skill_vs_repeat_last = Skill(errors.mae, errors.mae_repeat_last);
  errors.skill_vs_seasonal_naive = Skill(errors.mae, errors.mae_seasonal_naive);
  if (squared_deviations_ > 0) {
    errors.r2 = 1 - squared_ / squared_deviations_;
  } else {
    errors.r2 = squared_ > 0 ? 0 : 1;
  }
  return errors;
}

MetricsSum::MetricsSum(std::size_t horizon, std::vector<double> interval_levels)
    : levels_(std::move(interval_levels)), covered_(levels_.size(), 0), by_step_(horizon) {}

void MetricsSum::Add(const ScoredWindow& window) {
  for (std::size_t step = 0; step < window.actual.size(); ++step) {
    const double actual = window.actual[step];
    if (!std::isfinite(actual)) continue;
    const ForecastValue value{.actual = actual,
                              .forecast = window.forecast[step],
                              .last_value = window.last_value,
                              .seasonal_value = window.seasonal[step]};
    all_.Add(value);
    by_step_[step].Add(value);
    values_ += 1;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const Interval& interval = window.intervals[i];
      if (actual >= interval.lower[step] && actual <= interval.upper[step]) covered_[i] += 1;
    }
  }
  ++windows_;
}

Metrics MetricsSum::Result(double mase_scale) const {
  Metrics metrics{all_.Result(mase_scale), windows_, {}, {}};
  for (const ErrorSum& step : by_step_) metrics.by_step.push_back(step.Result(mase_scale));
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    metrics.coverage.push_back({levels_[i], values_ > 0 ? 100 * covered_[i] / values_ : 0});
  }
  return metrics;
}

IntervalEnds ConformalEnds(std::vector<double>& errors, double level) {
  std::sort(errors.begin(), errors.end());
  const double rank =
      std::ceil((static_cast<double>(errors.size()) + 1) * (1 + level / 100) / 2 - 1e-9);
  const std::size_t from_end =
      errors.size() -
      std::min(errors.size(), std::max<std::size_t>(1, static_cast<std::size_t>(rank)));
  return {std::min(0.0, errors[from_end]), std::max(0.0, errors[errors.size() - 1 - from_end])};
}

}  // namespace fleetcast::forecast
