// What names a circuit in a fleet.
#pragma once

#include <compare>
#include <string>

namespace fleetcast::config {

struct CircuitKey {
  std::string plant_id;
  std::string circuit_id;
  friend auto operator<=>(const CircuitKey&, const CircuitKey&) = default;
};

// A circuit's experiment and data asset are called plant_{plant}_circuit_{circuit}: with this in no
// id, nor `_circuit` at the end of a plant's, no two circuits share a name.
inline constexpr char kBetweenIds[] = "_circuit_";
[[nodiscard]] inline bool IsAmbiguousPlantId(const std::string& id) {
  return (id + "_").find(kBetweenIds) != std::string::npos;
}
[[nodiscard]] inline bool IsAmbiguousCircuitId(const std::string& id) {
  return id.find(kBetweenIds) != std::string::npos;
}

}  // namespace fleetcast::config
