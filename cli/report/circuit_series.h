// What a circuit's sensor measured before its forecast was issued, and after.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/report/fleet_report.h"
#include "common/sensordata/source_settings.h"

namespace fleetcast::cli {

class CircuitSeries {
 public:
  // `sensors.data` may be empty (no history then), and so may `actuals`, a folder of CSV files.
  CircuitSeries(sensordata::SourceSettings sensors, std::string actuals, int history_days);

  // INVALID_ARGUMENT for settings that make no source.
  [[nodiscard]] absl::Status Open();

  // Fills in `history` and `actual` of a circuit that has a forecast. A sensor that `actuals` does
  // not have is no error.
  [[nodiscard]] absl::Status Read(const std::string& sensor_id, CircuitReport& circuit) const;

 private:
  sensordata::SourceSettings settings_;
  std::string actuals_folder_;
  int history_days_;
  std::unique_ptr<sensordata::SensorSource> sensors_, actuals_;
};

}  // namespace fleetcast::cli
