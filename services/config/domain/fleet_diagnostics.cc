#include "services/config/domain/fleet_diagnostics.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::config {
namespace {

// Two diagnostics that say the same thing, wherever in the file it stands now.
auto Meaning(const Diagnostic& diagnostic) {
  return std::tie(diagnostic.path, diagnostic.field, diagnostic.reason, diagnostic.message);
}

}  // namespace

void AddDiagnosticsOf(const ResolvedCircuit& circuit, Diagnostics& diagnostics) {
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
  for (const auto& plant : fleet.plants)
    diagnostics.insert(diagnostics.end(), plant->diagnostics.begin(), plant->diagnostics.end());
  return diagnostics;
}

Diagnostics NewFleetDiagnostics(const FleetOutline& base, const FleetOutline& head) {
  Diagnostics fresh = FleetDiagnostics(head);
  if (!head.complete || fresh.empty()) return fresh;
  const Diagnostics before = FleetDiagnostics(base);
  std::set<decltype(Meaning(before.front()))> known;
  for (const Diagnostic& diagnostic : before) known.insert(Meaning(diagnostic));
  std::erase_if(fresh, [&known](const Diagnostic& diagnostic) {
    return known.contains(Meaning(diagnostic));
  });
  return fresh;
}

absl::Status UnsoundCircuit(const std::string& commit, const ResolvedCircuit& circuit) {
  Diagnostics diagnostics;
  AddDiagnosticsOf(circuit, diagnostics);
  const auto first = std::find_if(
      diagnostics.begin(), diagnostics.end(),
      [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::kError; });
  const CircuitKey& key = circuit.key();
  const std::string place =
      absl::StrCat(first->path, ":", first->mark.line, ":", first->mark.column);
  return Refused(absl::StatusCode::kFailedPrecondition, "CIRCUIT_UNSOUND",
                 absl::StrCat("circuit ", key.circuit_id, " of plant ", key.plant_id,
                              " is unsound at ", commit, ": ", place, ": ", first->message, " (",
                              first->remedy, "); ValidateRevision lists everything"),
                 {{"plant_id", key.plant_id},
                  {"circuit_id", key.circuit_id},
                  {"commit", commit},
                  {"place", place},
                  {"first_reason", first->reason},
                  {"first_message", first->message},
                  {"first_remedy", first->remedy}});
}

}  // namespace fleetcast::config
