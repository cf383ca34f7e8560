// Calls to other Fleetcast services: channels, deadlines, and statuses that keep their details.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/status.h"

namespace fleetcast::rpc {

// A channel to "host:port" with keepalive; connects when first used. A name that has several
// addresses is called at all of them in turn. A call is made once, but for what gRPC repeats by
// itself because no server has seen it: whether it may be made again, its caller knows. Thread
// safe.
[[nodiscard]] std::shared_ptr<grpc::Channel> Connect(const std::string& target);

// The same to a service that answers of ours depend on ("config"): an error that gRPC makes itself
// names that service and its address, so that nobody blames who passes it on.
// DEPENDENCY_TIMEOUT: it did not answer within the call's time (DEADLINE_EXCEEDED).
// DEPENDENCY_UNREACHABLE: no connection, or it went away meanwhile (UNAVAILABLE, with a retry
// delay). CALL_DEADLINE_PASSED: there was no time left to ask it (DEADLINE_EXCEEDED).
[[nodiscard]] std::shared_ptr<grpc::Channel> ConnectDependency(const std::string& service,
                                                               const std::string& target);

// Ends the watch over the stop before the context.
struct EndContext {
  std::unique_ptr<std::stop_callback<std::function<void()>>> cancels;
  void operator()(grpc::ClientContext* context) {
    cancels.reset();
    delete context;
  }
};
using Context = std::unique_ptr<grpc::ClientContext, EndContext>;

// A context with a deadline `timeout` from now, or sooner where the thread's own time ends sooner
// (common/base/deadline.h), and the calling thread's request id (the log field "request_id" in
// scope) as metadata `x-request-id`. On a thread that answers a call the new call is cancelled with
// that one, and must not outlive it; on one that is to stop (ScopedCancellation), with that stop.
[[nodiscard]] Context MakeContext(absl::Duration timeout);

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
