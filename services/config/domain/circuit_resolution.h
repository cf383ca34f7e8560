// From the files that speak about one circuit to its resolved configuration, or to everything
// that is wrong with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/config/domain/calendar_file.h"
#include "services/config/domain/circuit_config.h"
#include "services/config/domain/circuit_file.h"

namespace fleetcast::config {

// One file of a circuit's layers.
struct CircuitLayer {
  std::string path;
  std::shared_ptr<const CircuitFile> file;
  int position = 0;  // 0 the circuit's own file, 1 its plant's defaults, 2 the repository's
};

// Which layer a value comes from, and where it stands in that layer's file.
struct ValueSource {
  static constexpr int kBuiltIn = -1;
  int layer = kBuiltIn;  // a CircuitLayer's position
  Mark mark;
};

struct CircuitResolution {
  std::optional<CircuitConfig> config;  // nullopt if the circuit is unsound
  std::vector<ValueSource> sources;     // of each of CircuitKeys
  std::string training_hash, deployment_hash;
  Diagnostics diagnostics;  // complete with paths and ids
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// What a plant knows beside its circuits' files.
struct PlantSurroundings {
  std::string time_zone;                 // as the master list has it; "" for none
  Mark zone_mark;                        // in the master list
  const Calendars* calendars = nullptr;  // nullptr for none
};

// `layers` strongest first: the circuit's own file, its plant's defaults.yml, the repository's.
// A key's value is the strongest layer's that has it, else the table's default. `plant_id` and
// `circuit_id` are those of the file's place.
[[nodiscard]] CircuitResolution ResolveCircuit(const std::string& plant_id,
                                               const std::string& circuit_id,
                                               const std::vector<CircuitLayer>& layers,
                                               const PlantSurroundings& surroundings = {});

}  // namespace fleetcast::config
