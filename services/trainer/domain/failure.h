// Whose business an error is: from a status to a job's failure.
#pragma once

#include "absl/status/status.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

// `status` must not be OK. By reason first, then by code; what nobody foresaw is INTERNAL.
[[nodiscard]] JobFailure ClassifyFailure(const absl::Status& status);

}  // namespace fleetcast::trainer
