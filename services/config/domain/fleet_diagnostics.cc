#include "services/config/domain/fleet_diagnostics.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/config/domain/config_files.h"
#include "services/config/domain/master_list.h"

namespace fleetcast::config {
namespace {

// Two diagnostics that say the same thing, wherever in the file it stands now.
auto Meaning(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.path, diagnostic.field, diagnostic.reason, diagnostic.message);
}

// What is wrong in a plant's folder.
Diagnostics FolderDiagnostics(const PlantOutline& plant) {
  Diagnostics diagnostics = plant.diagnostics;
  // Its entry was refused, and that is said.
  if (IsAmbiguousPlantId(plant.plant_id)) return diagnostics;
  for (const std::string& id : plant.unlisted)
    ReportInFolder({.path = absl::StrCat(kPlantsFolder, "/", plant.plant_id, "/", id, ".yml"),
                    .reason = "FILE_WITHOUT_ENTRY",
                    .message = absl::StrCat("circuit ", id, " of plant ", plant.plant_id,
                                            " is not in the master list"),
                    .remedy = absl::StrCat("add it to ", kMasterListPath, ", or delete the file"),
                    .plant_id = plant.plant_id,
                    .circuit_id = id},
                   diagnostics);
  return diagnostics;
}

// Adds those that are not among `known`.
void AddUnknown(const Diagnostics& diagnostics, const Diagnostics& known, Diagnostics& fresh) {
  std::set<decltype(Meaning(diagnostics.front()))> meanings;
  for (const Diagnostic& diagnostic : known) meanings.insert(Meaning(diagnostic));
  for (const Diagnostic& diagnostic : diagnostics)
    if (!meanings.contains(Meaning(diagnostic))) fresh.push_back(diagnostic);
}

}  // namespace

void AddDiagnosticsOf(const ResolvedCircuit& circuit, Diagnostics& diagnostics) {
  const CircuitKey& key = circuit.key();
  if (circuit.outline->lacks_file)
    diagnostics.push_back(
        {.path = kMasterListPath,
         .mark = circuit.outline->mark,
         .reason = "ENTRY_WITHOUT_FILE",
         .message = absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                                 " has no file ", circuit.outline->PathOf(0)),
         .remedy = "add the file, or take the circuit out of the list",
         .plant_id = key.plant_id,
         .circuit_id = key.circuit_id});
  for (const Diagnostics* part : {&circuit.outline->diagnostics, &circuit.resolution->diagnostics})
    diagnostics.insert(diagnostics.end(), part->begin(), part->end());
}

void Arrange(Diagnostics& diagnostics) {
  const auto less = [](const Diagnostic& a, const Diagnostic& b) {
    return ReportOrder(a) < ReportOrder(b);
  };
  const auto equal = [](const Diagnostic& a, const Diagnostic& b) {
    return ReportOrder(a) == ReportOrder(b);
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(), less);
  diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end(), equal), diagnostics.end());
}

Diagnostics FleetDiagnostics(const FleetOutline& fleet) {
  Diagnostics diagnostics = fleet.diagnostics;
  for (const auto& plant : fleet.plants) {
    Diagnostics of_folder = FolderDiagnostics(*plant);
    std::move(of_folder.begin(), of_folder.end(), std::back_inserter(diagnostics));
  }
  return diagnostics;
}

Diagnostics NewFleetDiagnostics(const FleetOutline& base, const FleetOutline& head) {
  if (!head.complete) return FleetDiagnostics(head);
  Diagnostics fresh;
  AddUnknown(head.diagnostics, base.diagnostics, fresh);
  // A plant at a time: both fleets' at once may be more than there is memory for.
  auto before = base.plants.begin();
  for (const auto& plant : head.plants) {
    while (before != base.plants.end() && (*before)->plant_id < plant->plant_id) ++before;
    const bool known = before != base.plants.end() && (*before)->plant_id == plant->plant_id;
    if (known && *before == plant) continue;
    AddUnknown(FolderDiagnostics(*plant), known ? FolderDiagnostics(**before) : Diagnostics{},
               fresh);
  }
  return fresh;
}

CircuitErrors ErrorsOf(const ResolvedCircuit& circuit) {
  Diagnostics diagnostics;
  AddDiagnosticsOf(circuit, diagnostics);
  Arrange(diagnostics);
  CircuitErrors errors;
  for (Diagnostic& diagnostic : diagnostics)
    if (diagnostic.severity == Severity::kError && errors.count++ == 0)
      errors.first = std::move(diagnostic);
  return errors;
}

absl::Status UnsoundCircuit(const std::string& commit, const ResolvedCircuit& circuit) {
  const Diagnostic first = ErrorsOf(circuit).first;
  const CircuitKey& key = circuit.key();
  const std::string place = absl::StrCat(first.path, ":", first.mark.line, ":", first.mark.column);
  return Refused(absl::StatusCode::kFailedPrecondition, "CIRCUIT_UNSOUND",
                 absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                              " is unsound at ", commit, ": ", place, ": ", first.message, " (",
                              first.remedy, "); ValidateRevision lists everything"),
                 {{"plant_id", key.plant_id},
                  {"circuit_id", key.circuit_id},
                  {"commit", commit},
                  {"place", place},
                  {"first_reason", first.reason},
                  {"first_message", first.message},
                  {"first_remedy", first.remedy}});
}

}  // namespace fleetcast::config
