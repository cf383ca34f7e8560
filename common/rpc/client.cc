#include "common/rpc/client.h"

#include <grpcpp/support/client_interceptor.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/rpc/current_call.h"

namespace fleetcast::rpc {
namespace {

namespace experimental = grpc::experimental;
using std::chrono::steady_clock;

struct Dependency {
  std::string service, address;
};

absl::Status Failed(const Dependency& dependency, absl::StatusCode code, const std::string& reason,
                    const std::string& what) {
  ErrorDetails details;
  details.reason = reason;
  details.metadata = {{"service", dependency.service}, {"address", dependency.address}};
  if (code == absl::StatusCode::kUnavailable) details.retry_after = absl::Seconds(1);
  return MakeError(
      code, absl::StrCat("the ", dependency.service, " service at ", dependency.address, " ", what),
      std::move(details));
}

// A server's own errors carry details; one without is gRPC's.
grpc::Status Named(const Dependency& dependency, const grpc::Status& status, absl::Duration allowed,
                   absl::Duration waited) {
  if (status.ok() || !status.error_details().empty()) return status;
  const auto failed = [&](absl::StatusCode code, const std::string& reason,
                          const std::string& what) {
    return ToGrpc(Failed(dependency, code, reason, what));
  };
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      if (allowed <= absl::ZeroDuration())
        return failed(absl::StatusCode::kDeadlineExceeded, "CALL_DEADLINE_PASSED",
                      "could not be asked: the call's time was over; allow it more");
      return failed(absl::StatusCode::kDeadlineExceeded, "DEPENDENCY_TIMEOUT",
                    absl::StrCat("did not answer within ", absl::FormatDuration(absl::Trunc(
                                                               waited, absl::Milliseconds(10)))));
    case grpc::StatusCode::UNAVAILABLE:
      return failed(absl::StatusCode::kUnavailable, "DEPENDENCY_UNREACHABLE",
                    absl::StrCat("cannot be reached: ", status.error_message()));
    case grpc::StatusCode::CANCELLED:
      if (CurrentStop().stop_requested()) return status;
      if (CurrentCall() != nullptr && CurrentCall()->IsCancelled()) return status;
      return failed(absl::StatusCode::kUnavailable, "DEPENDENCY_UNREACHABLE",
                    "broke the call off; it was probably stopped");
    default:
      return status;
  }
}

class NamesDependency final : public experimental::Interceptor {
 public:
  explicit NamesDependency(const Dependency& dependency) : dependency_(dependency) {}

  void Intercept(experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(experimental::InterceptionHookPoints::POST_RECV_STATUS)) {
      grpc::Status* const status = batch->GetRecvStatus();
      *status =
          Named(dependency_, *status, allowed_, absl::FromChrono(steady_clock::now() - started_));
    }
    batch->Proceed();
  }

 private:
  const Dependency& dependency_;
  const steady_clock::time_point started_ = steady_clock::now();
  const absl::Duration allowed_ = RemainingTime().value_or(absl::InfiniteDuration());
};

class NamesDependencyFactory final : public experimental::ClientInterceptorFactoryInterface {
 public:
  explicit NamesDependencyFactory(Dependency dependency) : dependency_(std::move(dependency)) {}

  experimental::Interceptor* CreateClientInterceptor(experimental::ClientRpcInfo*) override {
    return new NamesDependency(dependency_);
  }

 private:
  const Dependency dependency_;
};

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // The server allows a ping every 10 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // A service that restarts is back within seconds; the default would wait up to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // Calls between services never go through the proxy that http_proxy names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetLoadBalancingPolicyName("round_robin");
  return arguments;
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), Arguments());
}

std::shared_ptr<grpc::Channel> ConnectDependency(const std::string& service,
                                                 const std::string& target) {
  std::vector<std::unique_ptr<experimental::ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<NamesDependencyFactory>(Dependency{service, target}));
  return experimental::CreateCustomChannelWithInterceptors(
      target, grpc::InsecureChannelCredentials(), Arguments(), std::move(interceptors));
}

Context MakeContext(absl::Duration timeout) {
  Context context(CurrentCall() == nullptr
                      ? std::make_unique<grpc::ClientContext>().release()
                      : grpc::ClientContext::FromServerContext(*CurrentCall()).release());
  const absl::Duration time = std::min(timeout, RemainingTime().value_or(timeout));
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoNanoseconds(time));
  const std::string request_id = CurrentLogField("request_id");
  if (!request_id.empty()) context->AddMetadata("x-request-id", request_id);
  if (std::stop_token stop = CurrentStop(); stop.stop_possible())
    context.get_deleter().cancels = std::make_unique<std::stop_callback<std::function<void()>>>(
        std::move(stop), [call = context.get()] { call->TryCancel(); });
  return context;
}

}  // namespace fleetcast::rpc
