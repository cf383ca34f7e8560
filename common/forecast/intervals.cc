#include "common/forecast/intervals.h"

#include <cmath>

#include "common/forecast/metrics.h"

namespace fleetcast::forecast {

void AddErrors(const ModelParts& parts, const InputTable& table,
               const std::vector<std::size_t>& origins, double unit, StepErrors& errors) {
  errors.resize(static_cast<std::size_t>(parts.spec.horizon));
  VisitForecasts(
      parts.network, table, origins,
      [&](std::size_t origin, const float* outputs) {
        const double size = unit * table.Difficulty(origin);
        for (std::size_t step = 0; step < errors.size(); ++step) {
          const double actual = table.Reading(origin + 1 + step);
          if (!std::isfinite(actual)) continue;
          const double forecast =
              ValueOf(parts, table, origin, step + 1, static_cast<double>(outputs[step]));
          errors[step].push_back((actual - forecast) / size);
        }
      },
      /*keep_going=*/nullptr);
}

std::vector<IntervalOffsets> IntervalsOf(StepErrors errors, const std::vector<double>& levels) {
  std::vector<double> all;
  for (const std::vector<double>& step : errors) all.insert(all.end(), step.begin(), step.end());
  std::vector<IntervalOffsets> intervals(levels.size());
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    intervals[i].lower.reserve(errors.size());
    intervals[i].upper.reserve(errors.size());
    for (std::vector<double>& step : errors) {
      // A step at which the sensor never records, at night say, has the spread of all.
      const IntervalEnds ends = ConformalEnds(step.empty() ? all : step, levels[i]);
      intervals[i].lower.push_back(static_cast<float>(ends.lower));
      intervals[i].upper.push_back(static_cast<float>(ends.upper));
    }
  }
  return intervals;
}

}  // namespace fleetcast::forecast
