// Simulates every sensor of a fleet on all cores and hands each to where it is written.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "common/sensordata/simulator/fleet_plan.h"
#include "common/sensordata/simulator/plant_simulator.h"

namespace fleetcast::sensordata {

// Called from several threads at once, each time with another sensor.
using SensorWriter =
    std::function<absl::Status(const CircuitPlan& circuit, const RawReadings& readings)>;

// Called after each sensor, from one thread at a time. False stops: CANCELLED.
using SimulationProgress = std::function<bool(int done, int total)>;

// The first error of `write` ends it; sensors written by then stay.
[[nodiscard]] absl::Status SimulateFleet(const FleetPlan& fleet, std::uint64_t seed,
                                         const SimulatedSpan& span, int threads,
                                         const SensorWriter& write,
                                         const SimulationProgress& progress);

}  // namespace fleetcast::sensordata
