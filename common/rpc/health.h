// Asks a server whether it serves (grpc.health.v1).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast::rpc {

// OK if the server at "host:port" says SERVING for `service` ("" is the server as a whole).
// UNAVAILABLE if it says otherwise, drains or cannot be reached; NOT_FOUND for a service it does
// not have.
[[nodiscard]] absl::Status CheckHealth(const std::string& target, absl::Duration timeout,
                                       const std::string& service = "");

}  // namespace fleetcast::rpc
