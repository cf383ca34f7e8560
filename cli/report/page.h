// A fleet report as one HTML page that needs nothing else: no script, no font, no other file.
#pragma once

#include <string>

#include "cli/report/fleet_report.h"

namespace fleetcast::cli {

[[nodiscard]] std::string ReportPage(const FleetReport& report);

}  // namespace fleetcast::cli
