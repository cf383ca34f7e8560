// What becomes of a task and of its group: pure functions from a snapshot to the next state. The
// queue carries out what they say; nothing else decides.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/workqueue/task.h"

namespace fleetcast::workqueue {

// How an attempt, or a task that waits, ended.
enum class Ending {
  kSucceeded,
  kFailed,        // with a failure; an attempt
  kSnoozed,       // something that it depends on is away; not an attempt
  kWaiting,       // for something that it has asked for; not an attempt
  kHandedBack,    // its process shuts down; not an attempt
  kLeaseExpired,  // its holder went silent; an attempt
  kDeadline,      // it took longer than an attempt may; an attempt
  kStalled,       // it made no progress for longer than it may; an attempt
  kCancelled,
  kSuperseded  // by a later task of its key
};

struct NextState {
  TaskState state = TaskState::kQueued;
  std::string reason;  // the task's state_reason
  int attempt_count = 0;
  int snooze_count = 0;
  absl::Duration wait =
      absl::ZeroDuration();        // before it may be fetched again, jitter not included
  std::optional<Failure> failure;  // to be recorded; nullopt leaves the one before
};

// The state after `ending` of a task that was RUNNING (kCancelled and kSuperseded: or QUEUED).
// `failure` is that of kFailed and kSnoozed; `why` is added to the reason where there is no failure
// ("by anna: wrong cutoff"), and is what kWaiting waits for.
[[nodiscard]] NextState After(const Task& task, Ending ending,
                              const std::optional<Failure>& failure, const std::string& why = "");

// Before attempt `attempt_count + 1`: 2 s, 4 s, 8 s … at most 2 min.
[[nodiscard]] absl::Duration RetryWait(int attempt_count);
// Before a task is tried again that was snoozed `snooze_count` times in a row: 2 s, 4 s … 1 min.
[[nodiscard]] absl::Duration SnoozeWait(int snooze_count);
inline constexpr double kJitter = 0.25;
// `wait` with up to kJitter of it more, so that those who wait do not come back at once. `random`
// is in [0, 1).
[[nodiscard]] absl::Duration WithJitter(absl::Duration wait, double random);

// The state of a group that follows from its tasks; `started`: one has been fetched at some time.
// A group without tasks has succeeded. `tell_partial`: some that succeeded beside some that did not
// are PARTIALLY_SUCCEEDED, else the failure decides.
[[nodiscard]] GroupState GroupStateOf(const Counts& counts, bool started, bool tell_partial);

}  // namespace fleetcast::workqueue
