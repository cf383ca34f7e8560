// The work of a trainer replica, as the work queue's workers call it.
#pragma once

#include <string>

#include "common/workqueue/worker.h"
#include "services/trainer/worker/training_tools.h"

namespace fleetcast::trainer {

// One attempt at one training job. `tools` must outlive it.
[[nodiscard]] workqueue::Runner TrainJobs(const TrainingTools& tools, std::string replica);

// Finishes experiment runs that an interrupted attempt left open. `registry` must outlive it.
[[nodiscard]] workqueue::Runner CloseRuns(ModelRegistry& registry);

}  // namespace fleetcast::trainer
