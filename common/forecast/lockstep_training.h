// Many trainings at once: those whose networks have one shape take their steps together.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/forecast.h"
#include "common/forecast/lockstep_trainer.h"

namespace fleetcast::forecast {

// TrainTogether with trainers of this making, on a device that LibTorch has.
[[nodiscard]] std::vector<absl::StatusOr<TrainedModel>> TrainInLockstep(
    const std::vector<TrainingTask>& tasks, LockstepMaker make, const std::string& device,
    const TaskProgressCallback& progress);

}  // namespace fleetcast::forecast
