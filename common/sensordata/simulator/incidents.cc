#include "common/sensordata/simulator/incidents.h"

#include <algorithm>

namespace fleetcast::sensordata {
namespace {

constexpr double kHoursBetweenStuck = 24.0 * 150;

// Marks maintenance every 45 to 75 days for 4 to 10 hours, and the wear between.
void DrawMaintenance(const SimulatedSpan& span, RandomStream& random, Incidents& incidents) {
  const double step_hours = static_cast<double>(span.step_seconds) / 3600;
  double interval = random.Uniform(45, 75) * 24;
  double since = random.Uniform(0, 0.8) * interval;
  double remaining = 0;
  for (std::size_t i = 0; i < span.steps(); ++i) {
    if (remaining <= 0 && since >= interval) {
      remaining = random.Uniform(4, 10);
      interval = random.Uniform(45, 75) * 24;
      since = 0;
    }
    incidents.in_maintenance[i] = remaining > 0;
    incidents.wear[i] = since / interval;
    remaining -= step_hours;
    since += step_hours;
  }
}

}  // namespace

Incidents DrawIncidents(const SimulatedSpan& span, std::size_t columns, RandomStream& random) {
  Incidents incidents;
  incidents.in_maintenance.resize(span.steps());
  incidents.wear.resize(span.steps());
  DrawMaintenance(span, random, incidents);
  const double step_hours = static_cast<double>(span.step_seconds) / 3600;
  for (std::size_t i = 0; i < span.steps(); ++i) {
    if (!random.Happens(std::min(1.0, step_hours / kHoursBetweenStuck))) continue;
    const auto length = static_cast<std::size_t>(random.Uniform(24, 40) / step_hours) + 1;
    const auto column = static_cast<std::size_t>(random.Uniform() * static_cast<double>(columns));
    incidents.stuck.push_back({i, std::min(span.steps(), i + length), column});
    i += length;
  }
  return incidents;
}

}  // namespace fleetcast::sensordata
