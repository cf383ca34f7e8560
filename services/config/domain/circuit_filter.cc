#include "services/config/domain/circuit_filter.h"

#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

std::optional<std::string> PlantField(const PlantOutline& plant, const std::string& field) {
  if (field == "plant_id") return plant.plant_id;
  if (field == "display_name") return plant.display_name;
  return std::nullopt;
}

// nullopt for an unknown field.
std::optional<std::string> CircuitField(const ResolvedCircuit& circuit, const std::string& field) {
  const CircuitResolution& resolution = *circuit.resolution;
  if (field == "display_name") return circuit.outline->display_name;
  if (field == "plant_display_name") return circuit.plant->display_name;
  if (field == "training_hash") return resolution.training_hash;
  if (field == "deployment_hash") return resolution.deployment_hash;
  if (const auto key = FindCircuitKey(field))
    return ValueText(CircuitKeys()[*key].get(*resolution.config));
  return std::nullopt;
}

}  // namespace

absl::Status CheckPlantFilter(const std::optional<Filter>& filter) {
  if (!filter) return absl::OkStatus();
  const auto known = [](const std::string& field) { return PlantField({}, field).has_value(); };
  return CheckFilterFields(*filter, known, "plant_id, display_name");
}

bool MatchesPlant(const std::optional<Filter>& filter, const PlantOutline& plant) {
  if (!filter) return true;
  return Matches(*filter, [&](const std::string& field) { return PlantField(plant, field); });
}

absl::Status CheckCircuitFilter(const std::optional<Filter>& filter) {
  if (!filter) return absl::OkStatus();
  auto resolution = std::make_shared<CircuitResolution>();
  resolution->config.emplace();
  CircuitOutline outline;
  const ResolvedCircuit blank{{std::make_shared<PlantOutline>(), &outline}, resolution};
  const auto known = [&](const std::string& field) {
    return CircuitField(blank, field).has_value();
  };
  return CheckFilterFields(*filter, known,
                           "plant_id, circuit_id, display_name, plant_display_name, "
                           "training_hash, deployment_hash, training.*, deployment.*");
}

bool MatchesCircuit(const std::optional<Filter>& filter, const ResolvedCircuit& circuit) {
  if (!filter) return true;
  return Matches(*filter, [&](const std::string& field) { return CircuitField(circuit, field); });
}

}  // namespace fleetcast::config
