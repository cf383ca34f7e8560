#include "services/inference/rpc/sweep_watch.h"

#include <utility>

#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/inference/rpc/messages.h"

namespace fleetcast::inference {
namespace {

constexpr std::size_t kMaxMessageBytes = std::size_t{256} << 10;
// A queued invocation's reason changes without a change of the invocation, as replicas come and go:
// everything is looked at anew this often, and sent where it reads differently.
constexpr int kPollsBetweenFullReads = 60;

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
  workqueue::Mark mark = polls_++ % kPollsBetweenFullReads == 0 ? workqueue::Mark{} : mark_;
  for (;;) {
    FLEETCAST_ASSIGN_OR_RETURN(const SweepChanges changes, store_.ChangesSince(sweep_id_, mark));
    mark = mark_ = changes.mark;
    *response_.mutable_sweep() = MessageOf(changes.sweep);
    unsent_ = IsNews(response_.sweep()) || unsent_;
    if (!Add(changes.changed) || !Add(changes.running)) return true;
    if (changes.more) continue;
    return !Flush() || IsTerminal(changes.sweep.group.state);
  }
}

bool SweepWatch::Add(const std::vector<Invocation>& invocations) {
  for (const Invocation& invocation : invocations) {
    v1::Invocation message = MessageOf(invocation);
    if (!IsNews(message)) continue;
    const std::size_t size = message.ByteSizeLong();
    if (bytes_ + size > kMaxMessageBytes && !Flush()) return false;
    *response_.add_invocations() = std::move(message);
    bytes_ += size;
    unsent_ = true;
  }
  return true;
}

bool SweepWatch::Flush() {
  const bool sent = !unsent_ || send_(response_);
  response_.clear_invocations();
  bytes_ = 0;
  unsent_ = false;
  return sent;
}

}  // namespace fleetcast::inference
