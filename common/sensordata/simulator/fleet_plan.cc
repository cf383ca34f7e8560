#include "common/sensordata/simulator/fleet_plan.h"

namespace fleetcast::sensordata {
namespace {

constexpr const char* kLines[] = {"Assembly Line",    "Paint Shop", "Press Line", "Cooling Loop",
                                  "Compressor Train", "Furnace",    "Packaging",  "Boiler"};

std::string NumberedId(char letter, int number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 3) digits.insert(0, 3 - digits.size(), '0');
  return letter + digits;
}

// Assembly Line A, B, Paint Shop A, B …, and from the 17th on with a number.
std::string CircuitName(int index) {
  constexpr int kTwins = 2;
  constexpr int kNames = static_cast<int>(std::size(kLines)) * kTwins;
  const int round = index / kNames;
  std::string name = kLines[index % kNames / kTwins];
  name += index % kTwins == 0 ? " A" : " B";
  if (round > 0) name += std::to_string(round + 1);
  return name + " Sensor";
}

}  // namespace

int FleetPlan::circuits() const {
  std::size_t count = 0;
  for (const PlantPlan& plant : plants) count += plant.circuits.size();
  return static_cast<int>(count);
}

FleetPlan PlanFleet(const std::vector<int>& circuits_of_plants) {
  FleetPlan fleet;
  for (const int circuits : circuits_of_plants) {
    const int number = static_cast<int>(fleet.plants.size()) + 1;
    PlantPlan plant{.plant_id = NumberedId('P', number),
                    .plant_name = "Manufacturing Plant " + std::to_string(number)};
    for (int i = 0; i < circuits; ++i) {
      const std::string id = NumberedId('C', i + 1);
      plant.circuits.push_back({.circuit_id = id,
                                .circuit_name = CircuitName(i),
                                .sensor_id = "SENSOR_" + plant.plant_id + "_" + id});
    }
    fleet.plants.push_back(std::move(plant));
  }
  return fleet;
}

const std::vector<std::string>& SimulatedColumns() {
  static const auto* columns = new std::vector<std::string>{"temperature", "pressure", "vibration"};
  return *columns;
}

}  // namespace fleetcast::sensordata
