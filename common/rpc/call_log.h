// A log line per call: method, request id, status code, milliseconds. The request id is in every
// line that the handler's thread writes, and travels on with its calls to other services.
#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>

namespace fleetcast::rpc {

[[nodiscard]] std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallLog();

}  // namespace fleetcast::rpc
