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

}  // namespace fleetcast::config
