#include "common/forecast/metrics.h"

#include <algorithm>
#include <cmath>

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

std::vector<double> SeasonalNaive(const TimeSeries& series, std::size_t target_column,
                                  std::size_t origin, std::size_t horizon, std::size_t season) {
  std::vector<double> forecast(horizon, series.at(origin, target_column));
  for (std::size_t step = 0; step < horizon; ++step) {
    const std::size_t back = season - step % season;  // rows before the row after the origin
    if (back > origin + 1) continue;
    const double value = series.at(origin + 1 - back, target_column);
    if (std::isfinite(value)) forecast[step] = value;
  }
  return forecast;
}

void MetricsSum::Add(double actual, double forecast, double last_value, double seasonal_value) {
  const double error = forecast - actual;
  absolute_ += std::abs(error);
  squared_ += error * error;
  absolute_repeat_last_ += std::abs(last_value - actual);
  absolute_seasonal_ += std::abs(seasonal_value - actual);
  values_ += 1;
  const double deviation = actual - mean_;
  mean_ += deviation / values_;
  squared_deviations_ += deviation * (actual - mean_);
}

Metrics MetricsSum::Result() const {
  Metrics metrics;
  if (values_ == 0) return metrics;
  metrics.windows = windows_;
  metrics.mae = absolute_ / values_;
  metrics.rmse = std::sqrt(squared_ / values_);
  metrics.mae_repeat_last = absolute_repeat_last_ / values_;
  metrics.mae_seasonal_naive = absolute_seasonal_ / values_;
  metrics.skill_vs_repeat_last = Skill(metrics.mae, metrics.mae_repeat_last);
  metrics.skill_vs_seasonal_naive = Skill(metrics.mae, metrics.mae_seasonal_naive);
  if (squared_deviations_ > 0) {
    metrics.r2 = 1 - squared_ / squared_deviations_;
  } else {
    metrics.r2 = squared_ > 0 ? 0 : 1;
  }
  return metrics;
}

double ConformalQuantile(std::vector<double>& absolute_errors, double level) {
  std::sort(absolute_errors.begin(), absolute_errors.end());
  const double rank =
      std::ceil((static_cast<double>(absolute_errors.size()) + 1) * level / 100 - 1e-9);
  const std::size_t index = std::max<std::size_t>(1, static_cast<std::size_t>(rank)) - 1;
  return absolute_errors[std::min(index, absolute_errors.size() - 1)];
}

}  // namespace fleetcast::forecast
