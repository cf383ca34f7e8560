// A fleet report as one HTML page that needs nothing else: no script, no font, no other file.
#pragma once

#include <string>

#include "cli/report/fleet_report.h"

namespace fleetcast::cli {

[[nodiscard]] std::string ReportPage(const FleetReport& report);

// The same of charts alone.
[[nodiscard]] std::string CardsPage(const std::string& title, const std::string& about,
                                    const std::vector<CircuitReport>& cards);

}  // namespace fleetcast::cli
