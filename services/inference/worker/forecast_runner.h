// What a process does with the invocations that it fetched: forecasts, one after the other, all of
// a batch stored in the transaction that ends them.
#pragma once

#include "common/workqueue/worker.h"
#include "services/inference/worker/forecaster.h"

namespace fleetcast::inference {

// `forecaster` must outlive it. What goes wrong with one circuit, an exception too, is that
// circuit's failure alone.
[[nodiscard]] workqueue::Runner ForecastCircuits(Forecaster& forecaster);

}  // namespace fleetcast::inference
