// Writes down how a batch ended.
#pragma once

#include "common/workqueue/worker.h"

namespace fleetcast::workqueue {

// Tries until everything is written or the leases may have run out. Successes are written in one
// transaction; where that is refused for a reason that passes by no trying, each alone, so that one
// task's effect fails its task and no other's.
void Conclude(Queue& queue, const Batch& batch, const BatchOutcome& outcome);

}  // namespace fleetcast::workqueue
