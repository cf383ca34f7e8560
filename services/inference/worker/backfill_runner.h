// What a process does with a backfill's invocation that it fetched: mini batch after mini batch,
// each stored, with how far it has come, before the next is begun.
#pragma once

#include "common/base/clock.h"
#include "common/workqueue/worker.h"
#include "services/inference/domain/backfill_store.h"
#include "services/inference/worker/forecaster.h"

namespace fleetcast::inference {

// All must outlive it. `threads`: how many mini batches of one invocation are made at once here, if
// its deployment allows as many.
[[nodiscard]] workqueue::Runner BackfillCircuits(Forecaster& forecaster, BackfillStore& store,
                                                 Clock& clock, int threads);

}  // namespace fleetcast::inference
