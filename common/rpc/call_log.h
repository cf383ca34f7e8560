// What every call gets: a log line with method, request id, status code and milliseconds; its
// deadline and its request id in force on the handler's thread (current_call.h), so that both
// travel on with its calls to other services; and a place in the list of those that run.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::rpc {

// The calls that a server answers just now. Thread safe.
class CallList {
 public:
  void Begin(grpc::ServerContextBase* call, const std::string& method);
  void End(grpc::ServerContextBase* call);
  // "2 of /fleetcast.config.v1.ConfigService/GetCircuit, 1 of …", gRPC's own left out; "" if none.
  [[nodiscard]] std::string Describe() const;
  // Ends those who watch health, which nothing else does: a drain would wait for them.
  void CancelHealthWatches();

 private:
  mutable absl::Mutex mutex_;
  std::map<grpc::ServerContextBase*, std::string> method_of_ ABSL_GUARDED_BY(mutex_);
};

// `running` must outlive the server.
[[nodiscard]] std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallLog(
    CallList& running);

}  // namespace fleetcast::rpc
