#include "cli/report/fleet_report.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fleetcast::cli {
namespace {

// The reading at `time`; NaN if there is none.
double ReadingAt(const Series& series, std::int64_t time) {
  const auto found = std::lower_bound(series.unix_seconds.begin(), series.unix_seconds.end(), time);
  if (found == series.unix_seconds.end() || *found != time) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return series.values[static_cast<std::size_t>(found - series.unix_seconds.begin())];
}

double MedianOf(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

Hindsight JudgeForecast(const CircuitReport& circuit) {
  Hindsight hindsight;
  if (!circuit.forecast) return hindsight;
  const ReportedForecast& forecast = *circuit.forecast;
  hindsight.inside.resize(forecast.bands.size());
  for (std::size_t i = 0; i < forecast.points.unix_seconds.size(); ++i) {
    const double actual = ReadingAt(circuit.actual, forecast.points.unix_seconds[i]);
    if (!std::isfinite(actual)) continue;
    ++hindsight.points;
    hindsight.mae += std::abs(actual - forecast.points.values[i]);
    for (std::size_t band = 0; band < forecast.bands.size(); ++band) {
      const ForecastBand& bounds = forecast.bands[band];
      if (actual >= bounds.lower[i] && actual <= bounds.upper[i]) ++hindsight.inside[band];
    }
  }
  if (hindsight.points > 0) hindsight.mae /= static_cast<double>(hindsight.points);
  return hindsight;
}

FleetSummary Summarize(const FleetReport& report) {
  FleetSummary summary;
  std::vector<double> skills;
  for (const CircuitReport& circuit : report.circuits) {
    ++summary.circuits;
    if (circuit.forecast) ++summary.forecasts;
    if (!circuit.conditions.empty() && circuit.conditions.front().troubled) ++summary.troubled;
    if (circuit.model && std::isfinite(circuit.model->skill)) {
      skills.push_back(circuit.model->skill);
      if (circuit.model->skill > 0) ++summary.better_than_naive;
    }
    const Hindsight hindsight = JudgeForecast(circuit);
    if (hindsight.points == 0 || hindsight.inside.empty()) continue;
    const double level = circuit.forecast->bands.front().level;
    if (summary.level != 0 && summary.level != level) continue;
    summary.level = level;
    summary.judged += hindsight.points;
    summary.inside += hindsight.inside.front();
  }
  summary.median_skill = MedianOf(std::move(skills));
  return summary;
}

}  // namespace fleetcast::cli
