#include "common/rpc/call_log.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/rpc/current_call.h"

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

bool IsOfGrpc(const std::string& method) { return method.starts_with("/grpc."); }

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

// Of health and reflection, whose log lines would drown the rest.
class ListedCall : public grpc::experimental::Interceptor {
 public:
  ListedCall(grpc::experimental::ServerRpcInfo& call, CallList& running)
      : call_(call.server_context()), running_(running) {
    running_.Begin(call_, call.method());
  }
  ~ListedCall() override { running_.End(call_); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override { batch->Proceed(); }

 protected:
  grpc::ServerContextBase* const call_;

 private:
  CallList& running_;
};

class CallLog final : public ListedCall {
 public:
  CallLog(grpc::experimental::ServerRpcInfo& call, CallList& running)
      : ListedCall(call, running),
        method_(call.method()),
        unary_(call.type() == grpc::experimental::ServerRpcInfo::Type::UNARY) {}

  // Request, handler and status of a synchronous method run on one thread, so what is put in scope
  // with the request is the handler's.
  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    using grpc::experimental::InterceptionHookPoints;
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      request_id_ = RequestIdOf(batch->GetRecvInitialMetadata());
      started_ = SystemClock().Monotonic();
      fields_.emplace(LogFields{{"request_id", request_id_}});
      scope_.emplace(*call_, unary_);
    }
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = batch->GetSendStatus();
      scope_.reset();
      fields_.reset();
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
  const bool unary_;
  std::string request_id_;
  absl::Duration started_;
  std::optional<ScopedLogFields> fields_;
  std::optional<ScopedCall> scope_;
};

class CallLogFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallLogFactory(CallList& running) : running_(running) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    if (call->method() == nullptr) return nullptr;
    if (IsOfGrpc(call->method())) return new ListedCall(*call, running_);
    return new CallLog(*call, running_);
  }

 private:
  CallList& running_;
};

}  // namespace

void CallList::Begin(grpc::ServerContextBase* call, const std::string& method) {
  absl::MutexLock lock(&mutex_);
  method_of_[call] = method;
}

void CallList::End(grpc::ServerContextBase* call) {
  absl::MutexLock lock(&mutex_);
  method_of_.erase(call);
}

std::string CallList::Describe() const {
  std::map<std::string, int> count;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [call, method] : method_of_)
      if (!IsOfGrpc(method)) ++count[method];
  }
  return absl::StrJoin(count, ", ", [](std::string* text, const auto& entry) {
    absl::StrAppend(text, entry.second, " of ", entry.first);
  });
}

void CallList::CancelHealthWatches() {
  // Cancelled without the lock, for that may end the call at once; a reference keeps it until then.
  std::vector<grpc_call*> watches;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [call, method] : method_of_) {
      if (method != "/grpc.health.v1.Health/Watch" || call->c_call() == nullptr) continue;
      grpc_call_ref(call->c_call());
      watches.push_back(call->c_call());
    }
  }
  for (grpc_call* const watch : watches) {
    grpc_call_cancel(watch, nullptr);
    grpc_call_unref(watch);
  }
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallLog(
    CallList& running) {
  return std::make_unique<CallLogFactory>(running);
}

}  // namespace fleetcast::rpc
