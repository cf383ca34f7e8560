// What a user's code makes of the tasks that it was given: how each ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/workqueue/hold.h"
#include "common/workqueue/queue.h"
#include "common/workqueue/verdict.h"

namespace fleetcast::workqueue {

// How the work on one task ended.
struct Outcome {
  Ending ending = Ending::kSucceeded;  // or kFailed, kSnoozed, kWaiting, kHandedBack
  std::string result;                  // JSON, with kSucceeded
  std::string reason;  // for people, with kSucceeded, may be empty; with kWaiting what it waits for
  std::optional<Failure> failure;              // with kFailed and kSnoozed
  std::string dependency;                      // with kSnoozed: what is away
  absl::Duration wait = absl::ZeroDuration();  // with kWaiting: before it is looked at again
};

struct BatchOutcome {
  std::vector<Outcome> outcomes;  // one for each task, in their order
  // What the successes do besides, in the transaction that ends them; indices are into `outcomes`.
  Effect effect = nullptr;
};

using Batch = std::vector<std::shared_ptr<Hold>>;
// The work on some tasks, on the calling thread; returns when done or soon after they must stop.
// What it throws fails its tasks, and nobody else's.
using Runner = std::function<BatchOutcome(const Batch& batch)>;

// What `work` returns; what it throws fails that one task. For runners whose batches have several.
[[nodiscard]] Outcome OutcomeOfCaught(absl::FunctionRef<Outcome()> work);

// The outcome of work that returned an error: handed back where the process drains and the error
// only says that it had to stop, else as `classify` says.
[[nodiscard]] Outcome OutcomeOf(const absl::Status& status, const Hold& hold,
                                const Classify& classify);

// What `runner` returns. What it throws is its tasks' failure, and nobody else's.
[[nodiscard]] BatchOutcome RunCaught(const Runner& runner, const Batch& batch);

}  // namespace fleetcast::workqueue
