// Which errors pass by themselves.
#pragma once

#include "absl/status/status.h"

namespace fleetcast {

// Whether the same call may succeed soon: the other side, or the way to it, is away for now.
// UNKNOWN counts, for a commit whose outcome is unknown; so ask only about calls that may be
// made twice.
[[nodiscard]] bool IsTransient(const absl::Status& status);

}  // namespace fleetcast
