// The configuration files of a simulated fleet, as design and existing repositories have them.
#pragma once

#include <string>
#include <vector>

#include "common/sensordata/simulator/fleet_plan.h"

namespace fleetcast::sensordata {

struct ConfigValues {
  std::string cutoff_date;  // YYYY-MM-DD
  int lstm_units = 128;
  int epochs = 50;
};

struct ConfigFile {
  std::string path;  // "config/plants/P001/C001.yml"
  std::string content;
};

// config/plants_circuits.yml, the master list; without circuits where `with_circuits` is false.
[[nodiscard]] ConfigFile MasterListFile(const FleetPlan& fleet, bool with_circuits);

// config/plants/{plant_id}/{circuit_id}.yml.
[[nodiscard]] ConfigFile CircuitFile(const PlantPlan& plant, const CircuitPlan& circuit,
                                     const ConfigValues& values);

}  // namespace fleetcast::sensordata
