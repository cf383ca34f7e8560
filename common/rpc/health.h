// Asks a server whether it serves (grpc.health.v1).
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast::rpc {

// OK if the server says SERVING for `service` ("" is the server as a whole; what else there is says
// server.h). UNAVAILABLE if it says otherwise, drains or cannot be reached; NOT_FOUND for a service
// that it does not have.
[[nodiscard]] absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel,
                                       absl::Duration timeout, const std::string& service = "");

// The same of the server at "host:port".
[[nodiscard]] absl::Status CheckHealth(const std::string& target, absl::Duration timeout,
                                       const std::string& service = "");

}  // namespace fleetcast::rpc
