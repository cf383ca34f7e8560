// Backfills as the queue keeps them: JSON with defaults for what is missing.
#pragma once

#include "common/base/json.h"
#include "services/inference/domain/backfill.h"

namespace fleetcast::inference {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackfillRange, start, end, every_seconds)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackfillPin, range, mini_batch_size,
                                                mini_batch_timeout_seconds, max_retries,
                                                error_threshold, concurrency)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(BackfillProgress, windows, done, failed, repeated,
                                                last_issue_time, first_failure)

}  // namespace fleetcast::inference
