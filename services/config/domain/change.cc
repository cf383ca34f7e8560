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

// Of the calendar that the plant's time zone and the file of that name make.
void AddCalendarChange(const ResolvedCircuit& base, const ResolvedCircuit& head,
                       std::vector<FieldChange>& fields) {
  const auto text = [](const ResolvedCircuit& circuit) {
    const auto& calendar = circuit.resolution->config->training.plant_calendar;
    return calendar ? CalendarText(*calendar) : std::string("none");
  };
  const auto& name = head.resolution->config->training.calendar;
  if (base.plant->time_zone == head.plant->time_zone && text(base) != text(head))
    fields.push_back(
        {.field = "calendar",
         .old_value = text(base),
         .new_value = text(head),
         .source = name ? FieldChange::Source::kCalendar : FieldChange::Source::kBuiltIn,
         .path = name ? absl::StrCat(kCalendarsFolder, "/", *name, ".yml") : "",
         .mark = {name ? 1 : 0, name ? 1 : 0}});
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
      fields.push_back(ValueChange(keys[i], from, to, *head.outline, head.resolution->sources[i]));
  }
  if (base.sound()) {
    AddCalendarChange(base, head, fields);
    AddNameChange("time_zone", base.plant->time_zone, head.plant->time_zone, head.plant->zone_mark,
                  fields);
  }
  if (!with_names) return fields;
  AddNameChange("plant_name", base.plant->display_name, head.plant->display_name,
                head.plant->name_mark, fields);
  AddNameChange("circuit_name", base.outline->display_name, head.outline->display_name,
                head.outline->name_mark, fields);
  return fields;
}

CircuitChange Removed(const ResolvedCircuit& base) {
  return {.key = base.key(),
          .cutoff_date = base.sound() ? base.resolution->config->training.cutoff_date : "",
          .kind = ChangeKind::kRemoved,
          .effect = ChangeEffect::kRetire};
}

CircuitChange Added(const ResolvedCircuit& head) {
  return {.key = head.key(),
          .cutoff_date = head.resolution->config->training.cutoff_date,
          .kind = ChangeKind::kAdded,
          .effect = ChangeEffect::kRetrain};
}

std::optional<CircuitChange> Modified(const ResolvedCircuit& base, const ResolvedCircuit& head,
                                      bool with_names) {
  CircuitChange change{.key = head.key(),
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
    return circuit.key();
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
  using SharedPlant = std::shared_ptr<const PlantOutline>;
  Candidates candidates;
  const auto circuits_of = [](const SharedPlant* plant) -> const std::vector<CircuitOutline>& {
    static const std::vector<CircuitOutline> kNone;
    return plant == nullptr ? kNone : (*plant)->circuits;
  };
  Merge(
      base.plants, head.plants,
      [](const SharedPlant& plant) -> const std::string& { return plant->plant_id; },
      [&](const SharedPlant* before, const SharedPlant* after) {
        const bool both = before != nullptr && after != nullptr;
        if (both && *before == *after) return;
        const bool renamed = both && ((*before)->display_name != (*after)->display_name ||
                                      !(*before)->SaysTheSameAs(**after));
        Merge(
            circuits_of(before), circuits_of(after),
            [](const CircuitOutline& circuit) -> const std::string& {
              return circuit.key.circuit_id;
            },
            [&](const CircuitOutline* from, const CircuitOutline* to) {
              const bool in_both = from != nullptr && to != nullptr;
              if (in_both && !renamed && from->SaysTheSameAs(*to)) return;
              if (from != nullptr) candidates.base.push_back({*before, from});
              if (to != nullptr) candidates.head.push_back({*after, to});
            });
      });
  return candidates;
}

}  // namespace fleetcast::config
