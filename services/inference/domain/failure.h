// Whose business an error is: from a status to what becomes of the invocation.
#pragma once

#include "absl/status/status.h"
#include "common/workqueue/verdict.h"

namespace fleetcast::inference {

// `status` must not be OK. By reason first, then by code; what nobody foresaw is INTERNAL and worth
// another try. Where the registry or the sensor source is away for now, nothing has failed: the
// invocation waits.
[[nodiscard]] workqueue::Verdict Classify(const absl::Status& status);

}  // namespace fleetcast::inference
