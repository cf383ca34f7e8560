#include "services/config/domain/change.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/config/domain/canonical.h"
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

std::string Arrow(const std::string& field, const std::string& from, const std::string& to) {
  return absl::StrCat(field, ": ", from, " -> ", to);
}

std::vector<std::string> ChangedFields(const ResolvedCircuit& base, const ResolvedCircuit& head,
                                       bool with_names) {
  std::vector<std::string> fields;
  if (base.sound())
    for (const Key& key : CircuitKeys()) {
      const Value from = key.get(*base.resolution->config);
      const Value to = key.get(*head.resolution->config);
      if (from != to) fields.push_back(Arrow(key.path, ValueText(from), ValueText(to)));
    }
  if (!with_names) return fields;
  if (base.outline.plant_name != head.outline.plant_name)
    fields.push_back(Arrow("plant_name", base.outline.plant_name, head.outline.plant_name));
  if (base.outline.circuit_name != head.outline.circuit_name)
    fields.push_back(Arrow("circuit_name", base.outline.circuit_name, head.outline.circuit_name));
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
                       .changed_fields = ChangedFields(base, head, with_names)};
  if (!base.sound() || base.resolution->training_hash != head.resolution->training_hash)
    change.effect = ChangeEffect::kRetrain;
  else if (base.resolution->deployment_hash != head.resolution->deployment_hash)
    change.effect = ChangeEffect::kRedeploy;
  else if (change.changed_fields.empty())
    return std::nullopt;
  return change;
}

}  // namespace

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

std::vector<CircuitKey> Candidates(const FleetOutline& base, const FleetOutline& head) {
  std::vector<CircuitKey> candidates;
  const auto key_of = [](const CircuitOutline& circuit) -> const CircuitKey& {
    return circuit.key;
  };
  Merge(base.circuits, head.circuits, key_of,
        [&](const CircuitOutline* before, const CircuitOutline* after) {
          if (before == nullptr || after == nullptr || !before->SaysTheSameAs(*after))
            candidates.push_back(before == nullptr ? after->key : before->key);
        });
  return candidates;
}

std::string MatrixJson(const std::vector<CircuitChange>& changes) {
  std::vector<std::string> rows;
  for (const CircuitChange& change : changes)
    if (change.effect == ChangeEffect::kRetrain)
      rows.push_back(absl::StrCat("{\"plant_id\":", JsonString(change.key.plant_id),
                                  ",\"circuit_id\":", JsonString(change.key.circuit_id),
                                  ",\"cutoff_date\":", JsonString(change.cutoff_date), "}"));
  return absl::StrCat("[", absl::StrJoin(rows, ","), "]");
}

}  // namespace fleetcast::config
