// The rows that a circuit is trained on, of the columns that somebody needs and of no others.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/sensor_source.h"
#include "services/trainer/domain/training_job.h"
#include "services/trainer/worker/training_tools.h"

namespace fleetcast::trainer {

// The features, then the target where it is none of them.
[[nodiscard]] std::vector<std::string> ColumnsOf(const std::vector<std::string>& features,
                                                 const std::string& target);

// The circuit's rows before the end of its cutoff day. Errors: the source's, and the stop's status
// of a job that must not go on.
[[nodiscard]] absl::StatusOr<sensordata::RawReadings> ReadRows(
    const TrainingTools& tools, const workqueue::Hold& hold, const CircuitConfig& circuit,
    const std::vector<std::string>& columns);

}  // namespace fleetcast::trainer
