// Why a task still waits, for people.
#pragma once

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/workqueue/queue.h"
#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

// What waiting tasks wait for, as it stands at one moment.
struct Situation {
  struct PoolState {
    std::optional<int> limit;
    int running = 0;
    bool paused = false;
    std::string reason;
  };
  absl::Time now;                               // the database's
  std::map<std::string, PoolState> bounded;     // pools with a limit or a pause
  std::map<std::string, absl::Time> served_at;  // pools by when a replica of theirs was seen last
  struct RunningTask {
    std::int64_t id = 0;
    std::string text;
  };
  std::map<std::string, RunningTask> running;  // keys by the task of theirs that runs
};

[[nodiscard]] Situation ReadSituation(pqxx::transaction_base& work, const QueueOptions& queue);

// Why nobody may fetch `task`, whoever is free; no reason if somebody may.
[[nodiscard]] Wait Obstacle(const Task& task, const Situation& situation);

// "no replica of environment-custom-lstm-env-1.6.0 has ever been seen; …", "pool plant-P001 is
// paused: …", "tried again at …", and what happened to it before. `task` is QUEUED.
[[nodiscard]] Wait WaitOf(const Task& task, const Situation& situation);

// Of each task.
[[nodiscard]] std::vector<Wait> WaitsOf(pqxx::transaction_base& work, const QueueOptions& queue,
                                        const std::vector<Task>& tasks);

}  // namespace fleetcast::workqueue
