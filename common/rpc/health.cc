#include "common/rpc/health.h"

#include "common/rpc/client.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace fleetcast::rpc {

namespace v1 = grpc::health::v1;

absl::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, absl::Duration timeout,
                         const std::string& service) {
  v1::HealthCheckRequest request;
  request.set_service(service);
  const auto stub = v1::Health::NewStub(channel);
  const auto answer = Call<v1::HealthCheckResponse>(timeout, [&](auto* context, auto* response) {
    return stub->Check(context, request, response);
  });
  if (absl::IsDeadlineExceeded(answer.status())) return absl::UnavailableError("does not answer");
  if (!answer.ok()) return answer.status();
  return answer->status() == v1::HealthCheckResponse::SERVING
             ? absl::OkStatus()
             : absl::UnavailableError("says that it does not serve");
}

absl::Status CheckHealth(const std::string& target, absl::Duration timeout,
                         const std::string& service) {
  return CheckHealth(Connect(target), timeout, service);
}

}  // namespace fleetcast::rpc
