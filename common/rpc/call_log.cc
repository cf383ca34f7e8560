#include "common/rpc/call_log.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/log.h"

namespace fleetcast::rpc {
namespace {

constexpr std::size_t kMaxRequestIdLength = 64;

const char* NameOf(grpc::StatusCode code) {
  static constexpr const char* kNames[] = {"OK",
                                           "CANCELLED",
                                           "UNKNOWN",
                                           "INVALID_ARGUMENT",
                                           "DEADLINE_EXCEEDED",
                                           "NOT_FOUND",
                                           "ALREADY_EXISTS",
                                           "PERMISSION_DENIED",
                                           "RESOURCE_EXHAUSTED",
                                           "FAILED_PRECONDITION",
                                           "ABORTED",
                                           "OUT_OF_RANGE",
                                           "UNIMPLEMENTED",
                                           "INTERNAL",
                                           "UNAVAILABLE",
                                           "DATA_LOSS",
                                           "UNAUTHENTICATED"};
  return code >= 0 && code <= grpc::StatusCode::UNAUTHENTICATED ? kNames[code] : "UNKNOWN";
}

LogLevel LevelOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
      return LogLevel::kError;
    default:
      return LogLevel::kInfo;
  }
}

// The caller's request id as far as it is fit for a log line, else a new one.
std::string RequestIdOf(const std::multimap<grpc::string_ref, grpc::string_ref>* metadata) {
  if (metadata != nullptr) {
    const auto found = metadata->find("x-request-id");
    if (found != metadata->end()) {
      std::string id(found->second.data(), std::min(found->second.size(), kMaxRequestIdLength));
      std::erase_if(id, [](unsigned char c) { return !absl::ascii_isgraph(c); });
      if (!id.empty()) return id;
    }
  }
  return RandomIdSource().NewId();
}

class CallLog final : public grpc::experimental::Interceptor {
 public:
  explicit CallLog(std::string method) : method_(std::move(method)) {}

  // Request, handler and status of a synchronous method run on one thread, so the fields that are
  // put in scope with the request are the handler's.
  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    using grpc::experimental::InterceptionHookPoints;
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      request_id_ = RequestIdOf(batch->GetRecvInitialMetadata());
      started_ = SystemClock().Monotonic();
      scope_.emplace(LogFields{{"request_id", request_id_}});
    }
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = batch->GetSendStatus();
      scope_.reset();
      LogFields fields = {
          {"method", method_},
          {"request_id", request_id_},
          {"code", NameOf(status.error_code())},
          {"milliseconds",
           absl::StrCat(absl::ToInt64Milliseconds(SystemClock().Monotonic() - started_))}};
      if (!status.ok()) fields.emplace_back("error", status.error_message());
      Log(LevelOf(status.error_code()), "call", fields);
    }
    batch->Proceed();
  }

 private:
  const std::string method_;
  std::string request_id_;
  absl::Duration started_;
  std::optional<ScopedLogFields> scope_;
};

class CallLogFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override {
    const std::string method = info->method() == nullptr ? "" : info->method();
    // Health probes and reflection would drown the rest; health runs on several threads besides.
    if (method.empty() || method.starts_with("/grpc.")) return nullptr;
    return new CallLog(method);
  }
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallLog() {
  return std::make_unique<CallLogFactory>();
}

}  // namespace fleetcast::rpc
