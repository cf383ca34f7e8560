#include "services/config/domain/change.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "services/config/domain/key_table.h"

namespace fleetcast::config {
namespace {

// Walks two ranges sorted by `key_of` side by side: visit(a, b) with nullptr where one lacks it.
template <typename Item, typename KeyOf, typename Visit>
void Merge(const std::vector<Item>& a, const std::vector<Item>& b, const KeyOf& key_of,
           const Visit& visit) {
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && key_of(a[i]) < key_of(b[j])))
      visit(&a[i++], nullptr);
    else if (i == a.size() || key_of(b[j]) < key_of(a[i]))
      visit(nullptr, &b[j++]);
    else
      visit(&a[i++], &b[j++]);
  }
}

FieldChange ValueChange(const Key& key, const Value& from, const Value& to,
                        const CircuitOutline& outline, const ValueSource& source) {
  using enum FieldChange::Source;
  static constexpr FieldChange::Source kSources[] = {kCircuitFile, kPlantDefaults,
                                                     kRepositoryDefaults};
  FieldChange change{.field = key.path, .old_value = ValueText(from), .new_value = ValueText(to)};
  if (source.layer == ValueSource::kBuiltIn) return change;
  change.source = kSources[source.layer];
  change.path = outline.PathOf(source.layer);
  change.mark = source.mark;
  return change;
}

void AddNameChange(const char* field, const std::string& from, const std::string& to,
                   const Mark& mark, std::vector<FieldChange>& fields) {
  if (from == to) return;
  fields.push_back({.field = field,
                    .old_value = from,
                    .new_value = to,
                    .source = FieldChange::Source::kMasterList,
                    .path = kMasterListPath,
                    .mark = mark});
}

std::vector<FieldChange> ChangedFields(const ResolvedCircuit& base, const ResolvedCircuit& head,
                                       bool with_names) {
  std::vector<FieldChange> fields;
  const std::vector<Key>& keys = CircuitKeys();
  for (std::size_t i = 0; base.sound() && i < keys.size(); ++i) {
    const Value from = keys[i].get(*base.resolution->config);
    const Value to = keys[i].get(*head.resolution->config);
    if (from != to)
      fields.push_back(ValueChange(keys[i], from, to, head.outline, head.resolution->sources[i]));
  }
  if (!with_names) return fields;
  const CircuitOutline& before = base.outline;
  const CircuitOutline& after = head.outline;
  AddNameChange("plant_name", before.plant_name, after.plant_name, after.plant_name_mark, fields);
  AddNameChange("circuit_name", before.circuit_name, after.circuit_name, after.circuit_name_mark,
                fields);
  return fields;
}

CircuitChange Removed(const ResolvedCircuit& base) {
  return {.key = base.outline.key,
          .cutoff_date = base.sound() ? base.resolution->config->training.cutoff_date : "",
          .kind = ChangeKind::kRemoved,
          .effect = ChangeEffect::kRetire};
}

CircuitChange Added(const ResolvedCircuit& head) {
  return {.key = head.outline.key,
          .cutoff_date = head.resolution->config->training.cutoff_date,
          .kind = ChangeKind::kAdded,
          .effect = ChangeEffect::kRetrain};
}

std::optional<CircuitChange> Modified(const ResolvedCircuit& base, const ResolvedCircuit& head,
                                      bool with_names) {
  CircuitChange change{.key = head.outline.key,
                       .cutoff_date = head.resolution->config->training.cutoff_date,
                       .fields = ChangedFields(base, head, with_names)};
  if (!base.sound() || base.resolution->training_hash != head.resolution->training_hash)
    change.effect = ChangeEffect::kRetrain;
  else if (base.resolution->deployment_hash != head.resolution->deployment_hash)
    change.effect = ChangeEffect::kRedeploy;
  else if (change.fields.empty())
    return std::nullopt;
  return change;
}

}  // namespace

std::string FieldChange::Text() const {
  return absl::StrCat(field, ": ", old_value, " -> ", new_value);
}

std::vector<CircuitChange> DetectChanges(const Fleet& base, const Fleet& head) {
  std::vector<CircuitChange> changes;
  const auto key_of = [](const ResolvedCircuit& circuit) -> const CircuitKey& {
    return circuit.outline.key;
  };
  Merge(base.circuits, head.circuits, key_of,
        [&](const ResolvedCircuit* before, const ResolvedCircuit* after) {
          if (after == nullptr) {
            if (head.complete) changes.push_back(Removed(*before));
          } else if (after->sound()) {
            if (before == nullptr)
              changes.push_back(Added(*after));
            else if (auto change = Modified(*before, *after, base.readable))
              changes.push_back(*std::move(change));
          }
        });
  return changes;
}

Candidates FindCandidates(const FleetOutline& base, const FleetOutline& head) {
  Candidates candidates;
  const auto key_of = [](const CircuitOutline& circuit) -> const CircuitKey& {
    return circuit.key;
  };
  Merge(base.circuits, head.circuits, key_of,
        [&](const CircuitOutline* before, const CircuitOutline* after) {
          if (before != nullptr && after != nullptr && before->SaysTheSameAs(*after)) return;
          if (before != nullptr) candidates.base.push_back(before);
          if (after != nullptr) candidates.head.push_back(after);
        });
  return candidates;
}

}  // namespace fleetcast::config
