// What a circuit's job trains: its model, from its own rows and the plant's base that it names,
// judged by the gate.
#pragma once

#include "absl/status/statusor.h"
#include "services/trainer/domain/training_job.h"
#include "services/trainer/worker/training_attempt.h"

namespace fleetcast::trainer {

// Errors: those of TrainingAttempt's steps and of forecast::Train; BASE_NOT_FOUND,
// BASE_OF_OTHER_PLANT and BASE_DOES_NOT_FIT where `training.base_version` is to be mended.
[[nodiscard]] absl::StatusOr<JobResult> TrainCircuit(TrainingAttempt& attempt,
                                                     const CircuitConfig& circuit);

}  // namespace fleetcast::trainer
