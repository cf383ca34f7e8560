// Whose business an error is: from a status to what becomes of the job.
#pragma once

#include "absl/status/status.h"
#include "common/workqueue/verdict.h"

namespace fleetcast::trainer {

// `status` must not be OK. By reason first, then by code; what nobody foresaw is INTERNAL. What
// passes by itself, after the attempt has waited for it in vain, is no failure: the job waits.
[[nodiscard]] workqueue::Verdict Classify(const absl::Status& status);

}  // namespace fleetcast::trainer
