// Which fields of plants and circuits a List method's filter may name, and what they hold.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/base/filter.h"
#include "services/config/domain/fleet.h"

namespace fleetcast::config {

// plant_id, display_name. INVALID_ARGUMENT names the first other field.
[[nodiscard]] absl::Status CheckPlantFilter(const std::optional<Filter>& filter);
[[nodiscard]] bool MatchesPlant(const std::optional<Filter>& filter, const PlantOutline& plant);

// plant_id, circuit_id, both display names, both hashes, and every key of the table.
[[nodiscard]] absl::Status CheckCircuitFilter(const std::optional<Filter>& filter);
// `circuit` must be sound.
[[nodiscard]] bool MatchesCircuit(const std::optional<Filter>& filter,
                                  const ResolvedCircuit& circuit);

}  // namespace fleetcast::config
