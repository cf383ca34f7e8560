#include "cli/transport/transport.h"

#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <array>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"

namespace fleetcast::cli {
namespace {

using google::protobuf::Message;
using Stub = grpc::TemplatedGenericStub<Message, Message>;

constexpr absl::Duration kRetryPauses[] = {absl::Milliseconds(200), absl::Milliseconds(600)};
// How soon a stream notices that it is to stop.
constexpr std::chrono::milliseconds kStopPoll{100};

grpc::Status CallOnce(Stub& stub, const std::string& path, const Message& request,
                      Message* response, absl::Duration timeout) {
  const auto context = rpc::MakeContext(timeout);
  std::promise<grpc::Status> done;
  stub.UnaryCall(context.get(), path, grpc::StubOptions(), &request, response,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

// Waits for the one operation in flight; cancels the call once `stopped`. False if it failed.
bool AwaitOperation(grpc::CompletionQueue& queue, grpc::ClientContext& context,
                    const std::function<bool()>& stopped) {
  while (true) {
    void* tag = nullptr;
    bool ok = false;
    const auto next = queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kStopPoll);
    if (next == grpc::CompletionQueue::GOT_EVENT) return ok;
    if (stopped()) context.TryCancel();
  }
}

grpc::Status StreamOnce(Stub& stub, const std::string& path, const Message& request,
                        Message* response, absl::Duration timeout,
                        const std::function<void()>& on_message,
                        const std::function<bool()>& stopped) {
  const auto context = rpc::MakeContext(timeout);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(context.get(), path, &queue);
  const auto await = [&] { return AwaitOperation(queue, *context, stopped); };
  call->StartCall(nullptr);
  if (await()) {
    call->WriteLast(request, grpc::WriteOptions(), nullptr);
    bool reading = await();
    while (reading) {
      call->Read(response, nullptr);
      reading = await();
      if (reading) on_message();
      if (stopped()) context->TryCancel();
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  await();
  queue.Shutdown();
  return status;
}

// What gRPC says about a connection, without its layers of wrapping.
std::string ConnectionProblem(const std::string& message) {
  if (message.find("Connection refused") != std::string::npos) return "connection refused";
  if (message.find("DNS resolution failed") != std::string::npos) return "unknown host";
  return message;
}

}  // namespace

struct Transport::Channels {
  std::array<std::unique_ptr<Stub>, kServices.size()> stubs;

  Stub& Get(Service service, const std::string& target) {
    auto& stub = stubs[static_cast<std::size_t>(service)];
    if (!stub) stub = std::make_unique<Stub>(rpc::Connect(target));
    return *stub;
  }
};

Transport::Transport(PerService targets)
    : targets_(std::move(targets)), channels_(std::make_unique<Channels>()) {}
Transport::~Transport() = default;

absl::Status Transport::Call(Service service, const std::string& path, const Message& request,
                             Message* response, absl::Duration timeout) {
  Stub& stub = channels_->Get(service, targets_[service]);
  grpc::Status status = CallOnce(stub, path, request, response, timeout);
  for (const absl::Duration pause : kRetryPauses) {
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(pause));
    status = CallOnce(stub, path, request, response, timeout);
  }
  return Describe(service, path, rpc::FromGrpc(status), timeout);
}

absl::Status Transport::Stream(Service service, const std::string& path, const Message& request,
                               Message* response, absl::Duration timeout,
                               const std::function<void()>& on_message,
                               const std::function<bool()>& stopped) {
  Stub& stub = channels_->Get(service, targets_[service]);
  const grpc::Status status =
      StreamOnce(stub, path, request, response, timeout, on_message, stopped);
  return Describe(service, path, rpc::FromGrpc(status), timeout);
}

absl::Status Transport::Describe(Service service, const std::string& path, absl::Status status,
                                 absl::Duration timeout) const {
  const std::string name = ServiceName(service);
  const std::string& address = targets_[service];
  const std::string who = "the " + name + " service at " + address;
  const auto refuse = [&](const std::string& reason, const std::string& message) {
    return Refused(status.code(), reason, message, {{"service", name}, {"address", address}});
  };
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      // It was reached, and cannot reach something itself.
      if (!ReasonOf(status).empty()) return status;
      return refuse(kServiceUnreachable, "cannot reach " + who + ": " +
                                             ConnectionProblem(std::string(status.message())));
    case absl::StatusCode::kDeadlineExceeded:
      return refuse(kServiceTimeout,
                    who + " did not answer within " + absl::FormatDuration(timeout));
    case absl::StatusCode::kUnimplemented:
      return refuse("METHOD_UNKNOWN",
                    who + " has no method " + path +
                        ": is another program listening there, or another version?");
    default:
      return status;
  }
}

}  // namespace fleetcast::cli
