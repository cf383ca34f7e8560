// The weather at a plant: the year's course, the day's course, and fronts that pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/sensordata/simulator/plant_simulator.h"

namespace fleetcast::sensordata {

// Outside temperature in °C at each step.
[[nodiscard]] std::vector<double> SimulateWeather(std::uint64_t seed, const std::string& plant_id,
                                                  const SimulatedSpan& span);

}  // namespace fleetcast::sensordata
