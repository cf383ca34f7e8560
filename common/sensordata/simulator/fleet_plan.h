// Which plants and circuits a simulated fleet has, and what they are called.
#pragma once

#include <string>
#include <vector>

namespace fleetcast::sensordata {

struct CircuitPlan {
  std::string circuit_id;    // "C001"
  std::string circuit_name;  // "Assembly Line A Sensor"
  std::string sensor_id;     // "SENSOR_P001_C001"
};

struct PlantPlan {
  std::string plant_id;    // "P001"
  std::string plant_name;  // "Manufacturing Plant 1"
  std::vector<CircuitPlan> circuits;
};

struct FleetPlan {
  std::vector<PlantPlan> plants;
  [[nodiscard]] int circuits() const;
};

// A plant for each number: that many circuits.
[[nodiscard]] FleetPlan PlanFleet(const std::vector<int>& circuits_of_plants);

// The columns of every simulated sensor, the target first.
[[nodiscard]] const std::vector<std::string>& SimulatedColumns();

}  // namespace fleetcast::sensordata
