#include "services/inference/domain/registry_facts.h"

#include <string>
#include <vector>

#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

std::string TagOf(const ModelVersion& version, const std::string& name) {
  const auto tag = version.tags.find(name);
  return tag == version.tags.end() ? "" : tag->second;
}

// What the gate said of champions of another configuration than the one asked for.
absl::Status ReadVerdicts(ModelRegistry& registry, std::map<CircuitId, RegistryFacts>& facts) {
  std::vector<std::int64_t> numbers;
  for (const auto& [circuit, of_circuit] : facts)
    if (of_circuit.champion != 0 && of_circuit.previous != 0 &&
        !IsCandidate(of_circuit, of_circuit.champion))
      numbers.push_back(of_circuit.champion);
  if (numbers.empty()) return absl::OkStatus();
  FLEETCAST_ASSIGN_OR_RETURN(const auto versions, registry.GetModelVersions(numbers));
  for (auto& [circuit, of_circuit] : facts) {
    const auto found = versions.find(of_circuit.champion);
    if (found == versions.end() || TagOf(found->second, "gate") != kNotBetter) continue;
    of_circuit.champion_refused = TagOf(found->second, "gate_why");
    if (of_circuit.champion_refused.empty()) of_circuit.champion_refused = "not better";
  }
  return absl::OkStatus();
}

}  // namespace

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
  FLEETCAST_RETURN_IF_ERROR(ReadVerdicts(registry, facts));
  return facts;
}

}  // namespace fleetcast::inference
