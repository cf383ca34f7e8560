// From options to the processes of a stack.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/local/stack.h"

namespace fleetcast::cli {

// The stack's processes in the order in which they are started: config and registry, then the
// trainers and inference, which call them. Ports from `port_base`: config +0, first trainer +1,
// registry +2, inference +3, further trainers +10, +11 … INVALID_ARGUMENT on an option that does
// not fit. `database` is the connection string that they get.
[[nodiscard]] absl::StatusOr<std::vector<ServiceProcess>> PlanServices(const StackOptions& options,
                                                                       const std::string& database);

// What would keep the stack from starting, found before anything is: a missing program, repository
// or folder, a port that is taken. The message names it and the remedy.
[[nodiscard]] absl::Status CheckPrerequisites(const StackOptions& options);

}  // namespace fleetcast::cli
