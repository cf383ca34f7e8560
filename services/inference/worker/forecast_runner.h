// What a process does with the invocations that it fetched: forecasts, one after the other, all of
// a batch stored in the transaction that ends them.
#pragma once

#include "common/base/clock.h"
#include "common/workqueue/worker.h"
#include "services/inference/worker/forecaster.h"

namespace fleetcast::inference {

// Both must outlive it. What goes wrong with one circuit, an exception too, is that circuit's
// failure alone; what StandInFor says stands in for its forecast. `clock` tells how long an
// invocation has waited: minutes matter, not seconds.
[[nodiscard]] workqueue::Runner ForecastCircuits(Forecaster& forecaster, const Clock& clock);

}  // namespace fleetcast::inference
