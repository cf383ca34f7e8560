// What people see of training runs and jobs.
#pragma once

#include <string>
#include <vector>

#include "cli/output/table.h"
#include "cli/progress/progress.h"
#include "fleetcast/trainer/v1/training_job.pb.h"
#include "fleetcast/trainer/v1/training_run.pb.h"

namespace fleetcast::cli {

[[nodiscard]] Table TrainingRunsTable(const std::vector<trainer::v1::TrainingRun>& runs,
                                      absl::Time now);
[[nodiscard]] std::string TrainingRunText(const trainer::v1::TrainingRun& run,
                                          const std::vector<trainer::v1::TrainingJob>& jobs,
                                          const Terminal& terminal, absl::Time now);
[[nodiscard]] CircuitProgress ProgressOf(const trainer::v1::TrainingJob& job);
// "P001/C001", or "P001 (base)".
[[nodiscard]] std::string SubjectText(const trainer::v1::TrainingJob& job);
// "DATA DATA_TOO_FEW_ROWS: what failed and what to do".
[[nodiscard]] std::string FailureText(const trainer::v1::TrainingJob& job);
[[nodiscard]] bool HasEnded(const trainer::v1::TrainingRun& run);
// "SUCCEEDED".
[[nodiscard]] std::string StateText(const trainer::v1::TrainingRun& run);

}  // namespace fleetcast::cli
