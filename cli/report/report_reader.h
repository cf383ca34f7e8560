// Gathers a fleet report from the services and the sensor data.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/report/fleet_report.h"
#include "common/sensordata/source_settings.h"

namespace fleetcast::cli {

class Session;

struct ReportOptions {
  std::string out;
  std::string plant = "-";
  sensordata::SourceSettings sensors;
  std::string actuals;  // folder of CSV files with what came after; may be empty
  int history_days = 14;
  int limit = 200;  // circuits
};

// Circuits by plant and circuit, as ListCircuitStatuses has them. A circuit of which something is
// missing says so in its `problem`; an error means that a service could not answer at all.
[[nodiscard]] absl::StatusOr<FleetReport> ReadFleetReport(Session& session,
                                                          const ReportOptions& options);

}  // namespace fleetcast::cli
