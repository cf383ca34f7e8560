// Port: the trainer as a release sees it. Implementation: TrainerClient.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

// How one circuit's training stands.
struct TrainingState {
  workqueue::TaskState state = workqueue::TaskState::kQueued;
  std::string reason;                         // why it stands there, for people; never empty
  std::optional<workqueue::Failure> failure;  // of a FAILED one
  bool blocked = false;                       // a QUEUED one, until somebody acts
};

// Thread safe. Errors are those of the trainer, UNAVAILABLE if it cannot be reached.
class Trainer {
 public:
  virtual ~Trainer() = default;
  // A run that makes, or judges anew, a version of each circuit's configuration at `commit`.
  // Returns its resource name. The same request id gives the same run.
  [[nodiscard]] virtual absl::StatusOr<std::string> Start(const std::string& request_id,
                                                          const std::vector<CircuitId>& circuits,
                                                          const std::string& commit) = 0;
  // nullopt: the run or its job is not there any more.
  [[nodiscard]] virtual absl::StatusOr<std::optional<TrainingState>> StateOf(
      const std::string& training_run, const CircuitId& circuit) = 0;
};

}  // namespace fleetcast::inference
