// The call that this thread answers: how long it may still take, and the way to whoever waits.
#pragma once

#include <grpcpp/server_context.h>

#include <optional>

#include "absl/time/time.h"
#include "common/base/deadline.h"

namespace fleetcast::rpc {

// How long the work of a call without a deadline may take: of a unary one. A stream may take as
// long as it likes.
inline constexpr absl::Duration kLongestUnaryCall = absl::Seconds(60);

// What of the `left` time of a call its work may use, so that what stopped it reaches the caller
// before the caller gives up: all but a tenth, at most half a second.
[[nodiscard]] absl::Duration TimeForWork(absl::Duration left);

// Until the caller gives up; nullopt if it never does.
[[nodiscard]] std::optional<absl::Duration> TimeLeft(const grpc::ServerContextBase& context);

// In force on the thread of a handler while it answers: what the thread waits for ends with the
// call's time (common/base/deadline.h), which is over when the call is cancelled; the calls that it
// makes are cancelled with this one.
class ScopedCall {
 public:
  // `context` must outlive it.
  ScopedCall(grpc::ServerContextBase& context, bool unary);
  ~ScopedCall();
  ScopedCall(const ScopedCall&) = delete;
  ScopedCall& operator=(const ScopedCall&) = delete;

 private:
  std::optional<ScopedDeadline> deadline_;
  const ScopedCancellation cancellation_;
};

// nullptr on a thread that answers no call.
[[nodiscard]] grpc::ServerContextBase* CurrentCall();

}  // namespace fleetcast::rpc
