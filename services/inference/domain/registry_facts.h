// What the registry says of circuits, asked for together.
#pragma once

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "services/inference/domain/model_registry.h"

namespace fleetcast::inference {

// An entry for each. The registry's errors.
[[nodiscard]] absl::StatusOr<std::map<CircuitId, RegistryFacts>> FactsOf(
    ModelRegistry& registry, const std::vector<CircuitRecord>& circuits);

}  // namespace fleetcast::inference
