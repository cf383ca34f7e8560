#include "services/trainer/worker/circuit_rows.h"

#include <algorithm>

#include "common/base/status.h"

namespace fleetcast::trainer {

std::vector<std::string> ColumnsOf(const std::vector<std::string>& features,
                                   const std::string& target) {
  std::vector<std::string> columns = features;
  if (std::find(columns.begin(), columns.end(), target) == columns.end()) columns.push_back(target);
  return columns;
}

absl::StatusOr<sensordata::RawReadings> ReadRows(const TrainingTools& tools,
                                                 const workqueue::Hold& hold,
                                                 const CircuitConfig& circuit,
                                                 const std::vector<std::string>& columns) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t end,
                             sensordata::EndOfCutoffDay(circuit.cutoff_date));
  const sensordata::ReadRequest request{.sensor_id = circuit.sensor_id,
                                        .columns = columns,
                                        .from_unix_seconds = std::nullopt,
                                        .before_unix_seconds = end,
                                        .last_rows = std::nullopt};
  return RetryTransient(tools, hold, [&] { return tools.sensors.Read(request); });
}

}  // namespace fleetcast::trainer
