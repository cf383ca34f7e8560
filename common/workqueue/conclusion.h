// Writes down how a batch ended.
#pragma once

#include "common/workqueue/outcome.h"

namespace fleetcast::workqueue {

// Tries until everything is written or somebody else has the tasks. Where Postgres was away for so
// long that the leases have run out, that is for up to ten minutes, unless the process drains: what
// nobody has ended meanwhile is still this holder's by its epoch, so a success is written, and what
// had to stop is handed back at no attempt's cost. Successes are written in one
// transaction; where that is refused for a reason that passes by no trying, each alone, so that one
// task's effect fails its task and no other's.
void Conclude(Queue& queue, const Batch& batch, const BatchOutcome& outcome);

}  // namespace fleetcast::workqueue
