// What people see of the config service's answers.
#pragma once

#include <string>
#include <vector>

#include "cli/output/table.h"
#include "fleetcast/config/v1/config_service.pb.h"

namespace fleetcast::cli {

[[nodiscard]] Table ChangesTable(const config::v1::DetectChangesResponse& response);
[[nodiscard]] Table CircuitsTable(const std::vector<config::v1::Circuit>& circuits);
[[nodiscard]] std::string CircuitText(const config::v1::Circuit& circuit, const Terminal& terminal);
// "config/plants/P001/C001.yml:12:5: error: …" and, indented, the remedy: as compilers say it, so
// that editors and CI link to the place.
[[nodiscard]] std::string DiagnosticText(const config::v1::Diagnostic& diagnostic, bool color);

}  // namespace fleetcast::cli
