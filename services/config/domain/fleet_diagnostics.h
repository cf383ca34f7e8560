// What is wrong, gathered over circuits and fleets.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/config/domain/fleet.h"

namespace fleetcast::config {

// Adds what is wrong about `circuit` and its files.
void AddDiagnosticsOf(const ResolvedCircuit& circuit, Diagnostics& diagnostics);

// Sorts them by ReportOrder; what a shared file's circuits all report stays once.
void Arrange(Diagnostics& diagnostics);

// What is wrong with the master list and the folders, in no order.
[[nodiscard]] Diagnostics FleetDiagnostics(const FleetOutline& fleet);

// What is wrong with the head's master list and folders and was not at the base. Where the head's
// list is incomplete everything is told: nothing is retired then, and this says why.
[[nodiscard]] Diagnostics NewFleetDiagnostics(const FleetOutline& base, const FleetOutline& head);

// What makes an unsound circuit so.
struct CircuitErrors {
  Diagnostic first;  // by ReportOrder
  int count = 0;
};
[[nodiscard]] CircuitErrors ErrorsOf(const ResolvedCircuit& circuit);

// FAILED_PRECONDITION (CIRCUIT_UNSOUND) that names the first error.
[[nodiscard]] absl::Status UnsoundCircuit(const std::string& commit,
                                          const ResolvedCircuit& circuit);

}  // namespace fleetcast::config
