// Creates a training run: asks the catalog once, pins what it says, and stores one job per circuit,
// or per plant.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/mutating_request.h"
#include "services/trainer/domain/circuit_catalog.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

// INVALID_ARGUMENT with every field of `training_run_spec` that is wrong.
[[nodiscard]] absl::Status CheckSpec(const RunSpec& spec);

// Thread safe.
class RunCreation {
 public:
  // All must outlive it. `max_attempts`: of each job.
  RunCreation(RunStore& store, CircuitCatalog& catalog, const Clock& clock, int max_attempts);

  // A repeated request gets its first answer without asking the catalog again.
  [[nodiscard]] absl::StatusOr<TrainingRun> Create(const MutatingRequest& request,
                                                   const RunSpec& spec);

 private:
  RunStore& store_;
  CircuitCatalog& catalog_;
  const Clock& clock_;
  const int max_attempts_;
};

}  // namespace fleetcast::trainer
