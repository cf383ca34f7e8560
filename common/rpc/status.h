// The one place that maps absl::Status to gRPC and back, google.rpc details included.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace fleetcast::rpc {

// ErrorInfo (domain "fleetcast"), BadRequest, ResourceInfo and RetryInfo travel in the details.
// At most 20 field violations, then a count: details travel in trailers of 8 KiB. A status
// without details gets a reason made of its code.
[[nodiscard]] grpc::Status ToGrpc(const absl::Status& status);

// The inverse; details of foreign servers that do not parse are dropped, the code and message kept.
[[nodiscard]] absl::Status FromGrpc(const grpc::Status& status);

}  // namespace fleetcast::rpc
