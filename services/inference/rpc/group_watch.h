// What a watch of a sweep or a release sends, poll by poll: the group when it reads differently
// than when it was last sent, and its tasks likewise, in messages of bounded bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "common/workqueue/task.h"
#include "services/inference/rpc/draining.h"

namespace fleetcast::inference {

// One watcher of one group. Not thread safe. `Traits` has: Response; Changes, with `changed`,
// `running`, `mark` and `more`; Group(changes), the group's message; Ended(changes);
// MutableGroup(response) and MutableTasks(response), where the messages go; MessageOf a task.
template <typename Traits>
class GroupWatch {
 public:
  using Response = typename Traits::Response;
  using Look = std::function<absl::StatusOr<typename Traits::Changes>(const workqueue::Mark& mark)>;
  // Returns false when the client is gone.
  using Send = std::function<bool(const Response&)>;

  GroupWatch(Look look, Send send) : look_(std::move(look)), send_(std::move(send)) {}

  // Sends what has changed since the last poll, the first time everything; nothing if nothing has.
  // Returns whether the watch is over: the group has ended, or the client is gone.
  [[nodiscard]] absl::StatusOr<bool> Poll() {
    workqueue::Mark mark = polls_++ % kPollsBetweenFullReads == 0 ? workqueue::Mark{} : mark_;
    for (;;) {
      FLEETCAST_ASSIGN_OR_RETURN(const auto changes, look_(mark));
      mark = mark_ = changes.mark;
      *Traits::MutableGroup(response_) = Traits::Group(changes);
      unsent_ = IsNews(*Traits::MutableGroup(response_)) || unsent_;
      if (!Add(changes.changed) || !Add(changes.running)) return true;
      if (changes.more) continue;
      return !Flush() || Traits::Ended(changes);
    }
  }

 private:
  static constexpr std::size_t kMaxMessageBytes = std::size_t{256} << 10;
  // What a queued task waits for changes without a change of the task, as replicas come and go:
  // everything is looked at anew this often, and sent where it reads differently.
  static constexpr int kPollsBetweenFullReads = 60;

  template <typename Message>
  [[nodiscard]] bool IsNews(const Message& message) {
    const std::size_t hash = std::hash<std::string>()(rpc::CanonicalBytes(message));
    const auto [known, inserted] = sent_.emplace(message.name(), hash);
    if (inserted) return true;
    return std::exchange(known->second, hash) != hash;
  }

  // False if the client is gone.
  template <typename Task>
  [[nodiscard]] bool Add(const std::vector<Task>& tasks) {
    for (const Task& task : tasks) {
      auto message = Traits::MessageOfTask(task);
      if (!IsNews(message)) continue;
      const std::size_t size = message.ByteSizeLong();
      if (bytes_ + size > kMaxMessageBytes && !Flush()) return false;
      *Traits::MutableTasks(response_)->Add() = std::move(message);
      bytes_ += size;
      unsent_ = true;
    }
    return true;
  }

  [[nodiscard]] bool Flush() {
    const bool sent = !unsent_ || send_(response_);
    Traits::MutableTasks(response_)->Clear();
    bytes_ = 0;
    unsent_ = false;
    return sent;
  }

  const Look look_;
  const Send send_;
  workqueue::Mark mark_;
  int polls_ = 0;
  Response response_;                        // being filled
  std::size_t bytes_ = 0;                    // of it
  bool unsent_ = false;                      // whether it tells anything new
  std::map<std::string, std::size_t> sent_;  // hash of the message last sent, by name
};

// Polls until the watch is over, the client gone, or the server stops. `again` is what to call
// then.
template <typename Traits, typename Context>
[[nodiscard]] grpc::Status Watch(GroupWatch<Traits>& watch, const Context& context, Clock& clock,
                                 const Notification& draining, const std::string& again) {
  constexpr absl::Duration kInterval = absl::Milliseconds(200);
  while (!context.IsCancelled()) {
    const absl::StatusOr<bool> over = watch.Poll();
    if (!over.ok()) return rpc::ToGrpc(over.status());
    if (*over) return grpc::Status::OK;
    if (clock.SleepUnlessStopped(kInterval, draining)) return rpc::ToGrpc(ServerDraining(again));
  }
  return grpc::Status::CANCELLED;
}

}  // namespace fleetcast::inference
