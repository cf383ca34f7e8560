#include "services/config/domain/circuit_filter.h"

#include <utility>

#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

std::optional<std::string> PlantField(const PlantOutline& plant, const std::string& field) {
  if (field == "plant_id") return plant.plant_id;
  if (field == "display_name") return plant.display_name;
  return std::nullopt;
}

std::optional<std::string> CircuitField(const ResolvedCircuit& circuit, const std::string& field) {
  const CircuitResolution& resolution = *circuit.resolution;
  if (field == "display_name") return circuit.outline->display_name;
  if (field == "plant_display_name") return circuit.plant->display_name;
  if (field == "training_hash") return resolution.training_hash;
  if (field == "deployment_hash") return resolution.deployment_hash;
  const auto key = FindCircuitKey(field);
  if (!key) return std::nullopt;
  const Value value = CircuitKeys()[*key].get(*resolution.config);
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  return ValueText(value);
}

absl::StatusOr<std::optional<Filter>> Checked(const std::optional<Filter>& filter,
                                              const FilterFields& fields) {
  if (!filter) return filter;
  FLEETCAST_ASSIGN_OR_RETURN(Filter checked, CheckFilter(*filter, fields));
  return std::optional<Filter>(std::move(checked));
}

}  // namespace

absl::StatusOr<std::optional<Filter>> CheckPlantFilter(const std::optional<Filter>& filter) {
  return Checked(filter, {{"plant_id"}, {"display_name"}});
}

bool MatchesPlant(const std::optional<Filter>& filter, const PlantOutline& plant) {
  if (!filter) return true;
  return Matches(*filter, [&](const std::string& field) { return PlantField(plant, field); });
}

absl::StatusOr<std::optional<Filter>> CheckCircuitFilter(const std::optional<Filter>& filter) {
  static const FilterFields fields = [] {
    FilterFields all = {
        {"display_name"}, {"plant_display_name"}, {"training_hash"}, {"deployment_hash"}};
    for (const Key& key : CircuitKeys()) {
      const bool number = key.type == KeyType::kInteger || key.type == KeyType::kNumber;
      all.push_back({key.path, number                       ? FilterKind::kNumber
                               : key.type == KeyType::kDate ? FilterKind::kDate
                                                            : FilterKind::kText});
    }
    return all;
  }();
  return Checked(filter, fields);
}

bool MatchesCircuit(const std::optional<Filter>& filter, const ResolvedCircuit& circuit) {
  if (!filter) return true;
  return Matches(*filter, [&](const std::string& field) { return CircuitField(circuit, field); });
}

}  // namespace fleetcast::config
