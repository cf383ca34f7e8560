// A believable plant: its weather, its working week, and the sensors of its circuits with what
// happens to real ones (drift, wear, maintenance, missing cells, now and then a stuck channel).
// All of it follows from the seed, the plant's and the circuit's id, and the span.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

struct SimulatedSpan {
  std::int64_t begin_unix_seconds = 0;  // inclusive
  std::int64_t end_unix_seconds = 0;    // exclusive
  std::int64_t step_seconds = 3600;
  [[nodiscard]] std::size_t steps() const {
    return static_cast<std::size_t>((end_unix_seconds - begin_unix_seconds) / step_seconds);
  }
};

// Immutable; thread safe.
class PlantSimulator {
 public:
  PlantSimulator(std::uint64_t seed, std::string plant_id, SimulatedSpan span);

  // The rows of one circuit's sensor, columns as SimulatedColumns(), oldest first. Steps during
  // maintenance have no row; a missing cell is NaN. Values have three decimals.
  [[nodiscard]] RawReadings Simulate(const std::string& circuit_id) const;

 private:
  std::uint64_t seed_;
  std::string plant_id_;
  SimulatedSpan span_;
  std::vector<double> outside_;         // °C, by step
  std::vector<std::int64_t> holidays_;  // days since 1970
};

}  // namespace fleetcast::sensordata
