// The trainer's API messages from and to its domain types.
#pragma once

#include "absl/status/statusor.h"
#include "fleetcast/trainer/v1/training_job.pb.h"
#include "fleetcast/trainer/v1/training_run.pb.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

[[nodiscard]] RunSpec SpecOf(const v1::TrainingRunSpec& message);
[[nodiscard]] v1::TrainingRun MessageOf(const TrainingRun& run);
[[nodiscard]] v1::TrainingJob MessageOf(const TrainingJob& job);

}  // namespace fleetcast::trainer
