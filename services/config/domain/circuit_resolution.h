// From the files that speak about one circuit to its resolved configuration, or to everything
// that is wrong with it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/config/domain/circuit_config.h"
#include "services/config/domain/circuit_file.h"

namespace fleetcast::config {

// One file of a circuit's layers.
struct CircuitLayer {
  std::string path;
  std::shared_ptr<const CircuitFile> file;
};

struct CircuitResolution {
  std::optional<CircuitConfig> config;  // nullopt if the circuit is unsound
  std::string training_hash, deployment_hash;
  Diagnostics diagnostics;  // complete with paths and ids
  [[nodiscard]] std::size_t ApproximateBytes() const;
};

// `layers` strongest first: the circuit's own file, its plant's defaults.yml, the repository's.
// A key's value is the strongest layer's that has it, else the table's default. `plant_id` and
// `circuit_id` are those of the file's place.
[[nodiscard]] CircuitResolution ResolveCircuit(const std::string& plant_id,
                                               const std::string& circuit_id,
                                               const std::vector<CircuitLayer>& layers);

}  // namespace fleetcast::config
