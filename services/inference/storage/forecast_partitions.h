// The partitions of stored forecasts, one a week of issue time (Monday to Monday, UTC): work for
// the process that does the maintenance.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/db/connection_pool.h"

namespace fleetcast::inference {

// Makes the partitions of this week and the four to come, and of the weeks whose forecasts wait in
// the default partition (a fleet whose data has another clock than the wall's), latest first and at
// most 20 a call; moves the waiting ones there. Each week is a transaction; one that cannot have
// its locks within two seconds is left for the next call, as an error, and its forecasts stay
// readable where they are.
[[nodiscard]] absl::Status EnsureForecastPartitions(db::ConnectionPool& pool);

// Drops the partitions whose every forecast was issued more than `keep` ago, by the database's
// clock, and deletes such forecasts from the default partition. What is each circuit's latest stays
// in latest_forecasts. So with the live accuracies of versions that serve no more.
[[nodiscard]] absl::Status DropOldForecasts(db::ConnectionPool& pool, absl::Duration keep);

}  // namespace fleetcast::inference
