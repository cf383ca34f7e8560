// Which fields of plants and circuits a List method's filter may name, and what they hold.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/filter.h"
#include "services/config/domain/fleet.h"

namespace fleetcast::config {

// CheckFilter, by plant_id and display_name.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> CheckPlantFilter(
    const std::optional<Filter>& filter);
[[nodiscard]] bool MatchesPlant(const std::optional<Filter>& filter, const PlantOutline& plant);

// CheckFilter, by plant_id, circuit_id, both display names, both hashes, and every key of the
// table.
[[nodiscard]] absl::StatusOr<std::optional<Filter>> CheckCircuitFilter(
    const std::optional<Filter>& filter);
// `circuit` must be sound.
[[nodiscard]] bool MatchesCircuit(const std::optional<Filter>& filter,
                                  const ResolvedCircuit& circuit);

}  // namespace fleetcast::config
