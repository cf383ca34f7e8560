// Pools: limits and pauses that live in rows, the same for all replicas.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/mutating_request.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {

// The pool of everything.
inline constexpr char kFleetPool[] = "fleet";
// "plant-P001", "environment-custom-lstm-env-1.5.0": the pools of a plant and of an environment.
[[nodiscard]] std::string PlantPool(const std::string& plant_id);
[[nodiscard]] std::string EnvironmentPool(const std::string& environment);

struct PoolChange {
  std::string id;
  std::optional<std::optional<int>> limit;  // an inner nullopt takes the limit away
  std::optional<bool> paused;
  std::optional<std::string> reason;
};

// Every pool that a task has named or somebody has set, by id, with what waits and runs in it.
// `id`: only that one, or "" for all.
[[nodiscard]] absl::StatusOr<std::vector<Pool>> ListPools(Queue& queue, const std::string& id = "");

// Sets a pool; one that does not exist is made. A repeated request gets its first answer.
[[nodiscard]] absl::StatusOr<Pool> SetPool(Queue& queue, const MutatingRequest& request,
                                           const PoolChange& change);

// Forgets a pool, with its limit and pause. NOT_FOUND; FAILED_PRECONDITION (POOL_IN_USE) for that
// of everything and for one that has work or a replica. A repeated request is OK again.
[[nodiscard]] absl::Status DeletePool(Queue& queue, const MutatingRequest& request,
                                      const std::string& id);

}  // namespace fleetcast::workqueue
