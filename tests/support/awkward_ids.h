// Circuits whose ids are all that validation takes, and whose joined names are easily mistaken for
// another's.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace fleetcast::testing {

// Plant and circuit.
inline std::vector<std::pair<std::string, std::string>> AwkwardCircuits() {
  const std::string longest(63, 'x');
  return {{"P001", "C001"},
          {"A", "1-C"},
          {"A-1", "C"},
          {"X", "circuit_Y"},
          {"circuit", "circuit"},
          {"plant_1", "plant-circuit-1"},
          {"0", "1"},
          {"null", "true"},
          {"all", "defaults-1"},
          {"deployment-circuit-1", "batch-endpoint-plant-1"},
          {std::string(45, 'P'), std::string(46, 'C')},
          {longest, longest},
          {"a_b-c", "c_b-a"}};
}

}  // namespace fleetcast::testing
