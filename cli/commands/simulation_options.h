// What `fleetcast data simulate` is told, and what that means.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/sensordata/simulator/config_files.h"
#include "common/sensordata/simulator/fleet_plan.h"
#include "common/sensordata/simulator/plant_simulator.h"

namespace CLI {
class App;
}

namespace fleetcast::cli {

// The flags as given.
struct SimulationOptions {
  int plants = 2, circuits = 3, days = 365;
  std::string circuits_of, step = "1h", end = "2025-12-10";
  std::uint64_t seed = 7;
  std::string out, hold_out, hold_out_dir;
  std::string postgres, table = "sensor_readings";
  std::string config_repo, config_branch, cutoff_date;
  int lstm_units = 128, epochs = 50;
  bool force = false;
};

// The same, checked and computed.
struct Simulation {
  sensordata::FleetPlan fleet;
  std::uint64_t seed = 0;
  sensordata::SimulatedSpan span;          // what is held out included
  std::int64_t data_end_unix_seconds = 0;  // exclusive; from here on is held out
  std::string out, hold_out_dir, postgres, table, config_repo, config_branch;
  sensordata::ConfigValues config;
  bool force = false;
};

// `options` must outlive parsing.
void AddSimulationFlags(CLI::App& verb, SimulationOptions& options);

// INVALID_ARGUMENT naming the flag.
[[nodiscard]] absl::StatusOr<Simulation> ParseSimulation(const SimulationOptions& options);

}  // namespace fleetcast::cli
