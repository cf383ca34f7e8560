// Whose fault an error is: from a status to an invocation's failure.
#pragma once

#include "absl/status/status.h"
#include "services/inference/domain/invocation.h"

namespace fleetcast::inference {

// `status` must not be OK. By reason first, then by code; what nobody foresaw is INTERNAL and
// worth another try.
[[nodiscard]] InvocationFailure ClassifyFailure(const absl::Status& status);

}  // namespace fleetcast::inference
