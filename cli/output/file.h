// Files that a command writes.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::cli {

// By way of a temporary file: whoever has the file open never sees half of it. INVALID_ARGUMENT on
// `flag`, which named the path.
[[nodiscard]] absl::Status WriteFile(const std::string& flag, const std::string& path,
                                     const std::string& text);

}  // namespace fleetcast::cli
