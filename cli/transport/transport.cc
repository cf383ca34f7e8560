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

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"

namespace fleetcast::cli {
namespace {

using google::protobuf::Message;
using Stub = grpc::TemplatedGenericStub<Message, Message>;

constexpr absl::Duration kRetryPauses[] = {absl::Milliseconds(200), absl::Milliseconds(600)};
constexpr char kOutcome[] = "outcome";
constexpr char kUnknown[] = "unknown";
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

// gRPC's own errors carry no details: what a service answers does.
bool IsAnswer(const grpc::Status& status) { return !status.error_details().empty(); }

// gRPC never had a connection to send it over.
bool WasNeverSent(const grpc::Status& status) {
  for (const char* phrase : {"failed to connect", "Connection refused", "DNS resolution failed"})
    if (status.error_message().find(phrase) != std::string::npos) return true;
  return false;
}

// Of one try: whether it may have taken effect, for all that is known.
bool LeavesDoubt(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      // Postgres has rolled that back, and the service says so.
      return ReasonOf(rpc::FromGrpc(status)) != "POSTGRES_LOCK_TIMEOUT";
    case grpc::StatusCode::UNKNOWN:  // a commit in doubt, among others
      return true;
    case grpc::StatusCode::UNAVAILABLE:
      return !IsAnswer(status) && !WasNeverSent(status);
    default:
      return false;
  }
}

// The service, or what it depends on, is in trouble; nothing is wrong with what was asked.
bool IsServicesOwn(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

// `status` with another message and more metadata.
absl::Status Amended(const absl::Status& status, const std::string& message,
                     const std::map<std::string, std::string>& metadata) {
  ErrorDetails details = DetailsOf(status).value_or(ErrorDetails{});
  details.metadata.insert(metadata.begin(), metadata.end());
  return MakeError(status.code(), message, std::move(details));
}

// What gRPC says about a connection, without its layers of wrapping.
std::string ConnectionProblem(const std::string& message) {
  if (message.find("Connection refused") != std::string::npos) return "connection refused";
  if (message.find("DNS resolution failed") != std::string::npos) return "unknown host";
  return message;
}

}  // namespace

struct Transport::Channels {
  absl::Mutex mutex;
  std::array<std::unique_ptr<Stub>, kServices.size()> stubs ABSL_GUARDED_BY(mutex);

  Stub& Get(Service service, const std::string& target) {
    absl::MutexLock lock(&mutex);
    auto& stub = stubs[static_cast<std::size_t>(service)];
    if (!stub) stub = std::make_unique<Stub>(rpc::Connect(target));
    return *stub;
  }
};

bool MayHaveBeenCarriedOut(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details) return false;
  const auto outcome = details->metadata.find(kOutcome);
  return outcome != details->metadata.end() && outcome->second == kUnknown;
}

Transport::Transport(PerService targets)
    : targets_(std::move(targets)), channels_(std::make_unique<Channels>()) {}
Transport::~Transport() = default;

absl::Status Transport::Call(Service service, const std::string& path, const Message& request,
                             Message* response, const Waiting& waiting) {
  const Patience patience(waiting.allowed - waiting.spent);
  if (patience.IsOver())
    return Refused(absl::StatusCode::kDeadlineExceeded, kServiceTimeout,
                   "the " + ServiceName(service) +
                       " service was not asked: nothing has answered for " +
                       absl::FormatDuration(waiting.allowed),
                   {{"service", ServiceName(service)}, {"address", targets_[service]}});
  Stub& stub = channels_->Get(service, targets_[service]);
  grpc::Status status = CallOnce(stub, path, request, response, patience.Left());
  bool in_doubt = LeavesDoubt(status);
  for (const absl::Duration pause : kRetryPauses) {
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE || patience.Left() <= pause) break;
    std::this_thread::sleep_for(absl::ToChronoMilliseconds(pause));
    grpc::Status again = CallOnce(stub, path, request, response, patience.Left());
    // Any other answer is about all tries: they have one request id.
    in_doubt = again.error_code() == grpc::StatusCode::UNAVAILABLE ? in_doubt || LeavesDoubt(again)
                                                                   : LeavesDoubt(again);
    if (!IsAnswer(again) && IsAnswer(status) && patience.IsOver()) break;
    status = std::move(again);
  }
  const absl::Status described = Describe(service, path, rpc::FromGrpc(status), waiting.allowed);
  return in_doubt ? Amended(described, std::string(described.message()), {{kOutcome, kUnknown}})
                  : described;
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
  if (status.code() == absl::StatusCode::kUnimplemented)
    return refuse("METHOD_UNKNOWN",
                  who + " has no method " + path +
                      ": is another program listening there, or another version?");
  if (ReasonOf(status).empty()) {
    if (status.code() == absl::StatusCode::kUnavailable)
      return refuse(kServiceUnreachable, "cannot reach " + who + ": " +
                                             ConnectionProblem(std::string(status.message())));
    if (status.code() == absl::StatusCode::kDeadlineExceeded)
      return refuse(kServiceTimeout,
                    who + " did not answer within " + absl::FormatDuration(timeout));
  }
  // It says itself what is the matter, with it or with what it depends on.
  if (IsServicesOwn(status.code()))
    return Amended(status, "the " + name + " service: " + std::string(status.message()),
                   {{"service", name}});
  return status;
}

}  // namespace fleetcast::cli
