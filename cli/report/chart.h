// The charts of one circuit: the last days with the forecast, its intervals and what came next,
// and below a strip of the whole history.
#pragma once

#include <string>

#include "cli/report/fleet_report.h"

namespace fleetcast::cli {

// HTML: lines and areas as inline SVG that stretches to its place, labels as text beside it, so
// that they stay readable at any width. Empty without a single finite value.
[[nodiscard]] std::string ForecastChart(const CircuitReport& circuit);
[[nodiscard]] std::string HistoryStrip(const CircuitReport& circuit);

}  // namespace fleetcast::cli
