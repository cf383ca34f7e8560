// Calls to other Fleetcast services: channels, deadlines, and statuses that keep their details.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/status.h"

namespace fleetcast::rpc {

// A channel to "host:port" with keepalive; connects when first used. Thread safe.
[[nodiscard]] std::shared_ptr<grpc::Channel> Connect(const std::string& target);

// A context with a deadline `timeout` from now and the calling thread's request id (the log field
// "request_id" in scope) as metadata `x-request-id`.
[[nodiscard]] std::unique_ptr<grpc::ClientContext> MakeContext(absl::Duration timeout);

// One unary call:
//   FLEETCAST_ASSIGN_OR_RETURN(auto circuit, Call<Circuit>(timeout, [&](auto* context, auto* reply)
//   {
//     return stub->GetCircuit(context, request, reply); }));
template <typename Response, typename Method>
[[nodiscard]] absl::StatusOr<Response> Call(absl::Duration timeout, Method&& method) {
  auto context = MakeContext(timeout);
  Response response;
  const grpc::Status status = method(context.get(), &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

}  // namespace fleetcast::rpc
