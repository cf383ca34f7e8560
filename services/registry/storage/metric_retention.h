// How long metric histories are kept.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/db/connection_pool.h"
#include "common/db/duties.h"

namespace fleetcast::registry {

// Runs looked at and points removed in one transaction at most.
inline constexpr int kPrunedRunsAtOnce = 100;
inline constexpr int kPrunedPointsAtOnce = 5000;

// One such transaction: of runs that ended longer than `keep` ago, the history of those of which no
// version has ever been a champion. Each metric's latest value stays with its run. False once
// nothing is left to do.
[[nodiscard]] absl::StatusOr<bool> PruneMetricHistory(db::ConnectionPool& pool,
                                                      absl::Duration keep);

// The same again and again, as far as its time goes.
[[nodiscard]] db::Duty MetricHistoryRetention(absl::Duration keep);

}  // namespace fleetcast::registry
