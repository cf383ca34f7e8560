// What happens to a sensor besides measuring: maintenance (no rows), wear between maintenances,
// a channel that sticks, cells that never arrive.
#pragma once

#include <cstdint>
#include <vector>

#include "common/sensordata/simulator/plant_simulator.h"
#include "common/sensordata/simulator/random_stream.h"

namespace fleetcast::sensordata {

struct StuckPeriod {
  std::size_t begin = 0, end = 0;  // steps
  std::size_t column = 0;
};

// The incidents of one sensor over a span.
struct Incidents {
  std::vector<bool> in_maintenance;  // by step
  std::vector<double> wear;          // by step: 0 after maintenance, 1 when it is due
  std::vector<StuckPeriod> stuck;    // ascending, not overlapping
};

[[nodiscard]] Incidents DrawIncidents(const SimulatedSpan& span, std::size_t columns,
                                      RandomStream& random);

}  // namespace fleetcast::sensordata
