// Why a task still waits, for people.
#pragma once

#include <map>
#include <optional>
#include <pqxx/pqxx>
#include <string>

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
};

[[nodiscard]] Situation ReadSituation(pqxx::transaction_base& work, const QueueOptions& queue);

// Why nobody may fetch `task`, whoever is free; "" if somebody may.
[[nodiscard]] std::string Obstacle(const Task& task, const Situation& situation);

// "no replica of environment-custom-lstm-env-1.6.0 has ever been seen; …", "pool plant-P001 is
// paused: …", "tried again at …", and what happened to it before. `task` is QUEUED.
[[nodiscard]] std::string WaitReason(const Task& task, const Situation& situation);

}  // namespace fleetcast::workqueue
