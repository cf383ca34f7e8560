#include "services/inference/domain/registry_facts.h"

#include <string>

#include "common/base/status.h"

namespace fleetcast::inference {

absl::StatusOr<std::map<CircuitId, RegistryFacts>> FactsOf(
    ModelRegistry& registry, const std::vector<CircuitRecord>& circuits) {
  std::map<CircuitId, RegistryFacts> facts;
  if (circuits.empty()) return facts;
  std::vector<CircuitId> ids;
  std::vector<std::string> hashes;
  for (const CircuitRecord& circuit : circuits) {
    ids.push_back(circuit.circuit);
    if (circuit.desired_state == DesiredState::kActive && !circuit.training_hash.empty())
      hashes.push_back(circuit.training_hash);
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto champions, registry.GetChampions(ids));
  FLEETCAST_ASSIGN_OR_RETURN(auto candidates, registry.FindCandidates(hashes));
  for (const CircuitRecord& circuit : circuits) {
    RegistryFacts& of_circuit = facts[circuit.circuit];
    if (const auto found = champions.find(circuit.circuit); found != champions.end()) {
      of_circuit.champion = found->second.version;
      of_circuit.previous = found->second.previous;
    }
    if (of_circuit.champion == 0 && circuit.step) of_circuit.stood = circuit.step->champion_stood;
    if (const auto found = candidates.find(circuit.training_hash); found != candidates.end())
      of_circuit.candidates = found->second;
  }
  return facts;
}

}  // namespace fleetcast::inference
