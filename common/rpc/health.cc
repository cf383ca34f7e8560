#include "common/rpc/health.h"

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "grpc/health/v1/health.pb.h"

namespace fleetcast::rpc {
namespace {

grpc::ByteBuffer Request(const std::string& service) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const grpc::Slice slice(request.SerializeAsString());
  return {&slice, 1};
}

bool SaysServing(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  grpc::health::v1::HealthCheckResponse response;
  return bytes.DumpToSingleSlice(&slice).ok() &&
         response.ParseFromArray(slice.begin(), static_cast<int>(slice.size())) &&
         response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace

absl::Status CheckHealth(const std::string& target, absl::Duration timeout,
                         const std::string& service) {
  const auto channel = Connect(target);
  const auto context = MakeContext(timeout);
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(context.get(), "/grpc.health.v1.Health/Check",
                                          Request(service), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return absl::UnavailableError(absl::StrCat(target, " does not answer"));
  if (!status.ok()) return FromGrpc(status);
  if (SaysServing(response)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(target, " does not serve"));
}

}  // namespace fleetcast::rpc
