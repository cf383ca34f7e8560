// Port: what the invocations of backfills have stored. Implementations: PostgresBackfillStore, and
// one of tests.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/backfill.h"
#include "services/inference/domain/forecast.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

// Thread safe. Every method may return UNAVAILABLE.
class BackfillStore {
 public:
  virtual ~BackfillStore() = default;
  // Without a window done for an invocation that has stored nothing; `windows` is 0 then.
  [[nodiscard]] virtual absl::StatusOr<BackfillProgress> Read(const InvocationName& invocation) = 0;
  // Stores a mini batch's forecasts and how far the invocation has come with them, in one
  // transaction. One that is there already stays as it is: what was forecast at the time is not
  // what would be made of today's readings. CANCELLED with reason LEASE_LOST, and nothing is
  // stored, if the task is not held under this epoch any more.
  [[nodiscard]] virtual absl::Status Store(const workqueue::HoldId& hold,
                                           const InvocationName& invocation,
                                           const BackfillProgress& progress,
                                           const std::vector<Forecast>& forecasts) = 0;
};

}  // namespace fleetcast::inference
