#include "services/inference/rpc/sweep_watch.h"

#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/inference/rpc/messages.h"

namespace fleetcast::inference {
namespace {

constexpr int kInvocationsPerMessage = 500;

}  // namespace

SweepWatch::SweepWatch(SweepStore& store, std::string sweep_id, Send send)
    : store_(store), sweep_id_(std::move(sweep_id)), send_(std::move(send)) {}

template <typename Message>
bool SweepWatch::IsNews(const Message& message) {
  const std::size_t hash = std::hash<std::string>()(rpc::CanonicalBytes(message));
  const auto [known, inserted] = sent_.emplace(message.name(), hash);
  if (inserted) return true;
  return std::exchange(known->second, hash) != hash;
}

absl::StatusOr<bool> SweepWatch::Poll() {
  FLEETCAST_ASSIGN_OR_RETURN(const SweepChanges changes, store_.ChangesSince(sweep_id_, mark_));
  mark_ = changes.mark;
  v1::WatchSweepResponse response;
  *response.mutable_sweep() = MessageOf(changes.sweep);
  bool unsent = IsNews(response.sweep());
  for (const Invocation& invocation : changes.invocations) {
    v1::Invocation message = MessageOf(invocation);
    if (!IsNews(message)) continue;
    *response.add_invocations() = std::move(message);
    unsent = true;
    if (response.invocations_size() < kInvocationsPerMessage) continue;
    if (!send_(response)) return true;
    response.clear_invocations();
    unsent = false;
  }
  if (unsent && !send_(response)) return true;
  return IsTerminal(changes.sweep.state);
}

}  // namespace fleetcast::inference
