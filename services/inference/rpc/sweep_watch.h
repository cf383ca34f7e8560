// What WatchSweep sends, poll by poll.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fleetcast/inference/v1/invocation_service.pb.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

// One watcher of one sweep. Not thread safe.
class SweepWatch {
 public:
  // `send` returns false when the client is gone.
  using Send = std::function<bool(const v1::WatchSweepResponse&)>;

  // `store` must outlive it.
  SweepWatch(SweepStore& store, std::string sweep_id, Send send);

  // Sends what has changed since the last poll, the first time everything; nothing if nothing has.
  // Returns whether the watch is over: the sweep has ended, or the client is gone.
  [[nodiscard]] absl::StatusOr<bool> Poll();

 private:
  // Puts those that read differently than when they were last sent into messages, and sends those
  // that are full. False if the client is gone.
  [[nodiscard]] bool Add(const std::vector<Invocation>& invocations);
  [[nodiscard]] bool Flush();
  template <typename Message>
  [[nodiscard]] bool IsNews(const Message& message);

  SweepStore& store_;
  const std::string sweep_id_;
  const Send send_;
  workqueue::Mark mark_;
  int polls_ = 0;
  v1::WatchSweepResponse response_;          // being filled
  std::size_t bytes_ = 0;                    // of it
  bool unsent_ = false;                      // whether it tells anything new
  std::map<std::string, std::size_t> sent_;  // hash of the message last sent, by name
};

}  // namespace fleetcast::inference
