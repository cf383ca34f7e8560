// What a process does with the steps that it fetched: they are carried out together, and end in one
// transaction with the deployments that they make and take away.
#pragma once

#include <cstdint>
#include <functional>

#include "common/workqueue/hold.h"
#include "common/workqueue/worker.h"
#include "services/inference/domain/reconciler.h"

namespace fleetcast::inference {

// How long a step waits before it looks at its training for the `nth` time: a sixth of what it has
// waited already, so that the end of a short training is noticed soon and a long one costs little.
[[nodiscard]] absl::Duration WaitForTraining(std::int64_t nth);

// `reconciler` must outlive it; `confirm_held` as workqueue::ConfirmWith makes it.
[[nodiscard]] workqueue::Runner ReconcileCircuits(
    Reconciler& reconciler, std::function<absl::Status(workqueue::Hold& hold)> confirm_held);

}  // namespace fleetcast::inference
