// What WatchTrainingRun sends, poll by poll.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "fleetcast/trainer/v1/training_service.pb.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

// One watcher of one run. Not thread safe.
class RunWatch {
 public:
  // `send` returns false when the client is gone.
  using Send = std::function<bool(const v1::WatchTrainingRunResponse&)>;

  // `store` must outlive it.
  RunWatch(RunStore& store, std::string run_id, Send send);

  // Sends what has changed since the last poll: jobs, then the run; the first time everything, the
  // run first. Returns whether the watch is over: the run has ended, or the client is gone.
  [[nodiscard]] absl::StatusOr<bool> Poll();

 private:
  // Those that read differently than when they were last sent; false if the client is gone.
  [[nodiscard]] bool SendJobs(const std::vector<TrainingJob>& jobs);
  [[nodiscard]] bool SendRun(const TrainingRun& run);

  RunStore& store_;
  const std::string run_id_;
  const Send send_;
  workqueue::Mark mark_;
  int polls_ = 0;
  // What each resource looked like when it was last sent: its serialized form's hash.
  std::map<std::string, std::size_t> sent_;
};

}  // namespace fleetcast::trainer
