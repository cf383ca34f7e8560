// What a plant's job trains: the base of all its circuits.
#pragma once

#include "absl/status/statusor.h"
#include "services/trainer/domain/training_job.h"
#include "services/trainer/worker/training_attempt.h"

namespace fleetcast::trainer {

// Circuits that nothing can be learnt from are left out and named. DATA_NO_CIRCUIT_USABLE
// (FAILED_PRECONDITION) where none is left; else errors of TrainingAttempt's steps, of the config
// service and of forecast::TrainBase.
[[nodiscard]] absl::StatusOr<JobResult> TrainPlantBase(TrainingAttempt& attempt,
                                                       const PlantConfig& plant);

}  // namespace fleetcast::trainer
