#include "common/rpc/current_call.h"

#include <grpc/support/time.h>

#include <algorithm>

namespace fleetcast::rpc {
namespace {

thread_local grpc::ServerContextBase* current_call = nullptr;

}  // namespace

absl::Duration TimeForWork(absl::Duration left) {
  return left - std::min(left / 10, absl::Milliseconds(500));
}

std::optional<absl::Duration> TimeLeft(const grpc::ServerContextBase& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  return absl::Seconds(left.tv_sec) + absl::Nanoseconds(left.tv_nsec);
}

ScopedCall::ScopedCall(grpc::ServerContextBase& context, bool unary)
    : cancellation_([&context] { return context.IsCancelled(); }) {
  if (const auto left = TimeLeft(context))
    deadline_.emplace(TimeForWork(*left));
  else if (unary)
    deadline_.emplace(kLongestUnaryCall);
  current_call = &context;
}

ScopedCall::~ScopedCall() { current_call = nullptr; }

grpc::ServerContextBase* CurrentCall() { return current_call; }

}  // namespace fleetcast::rpc
