// The nouns of the work queue. A Task is a unit of work that exactly one of many replicas may hold,
// that survives the death of any of them and ends once; a Group is what was asked for at once; a
// Pool is a limit and a pause that live in a row. What a task carries (payload, progress, result)
// and what a group pins is JSON of its user's, which the queue never reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace fleetcast::workqueue {

//   QUEUED ──fetch──▶ RUNNING ──▶ SUCCEEDED | FAILED | CANCELLED
//      ▲                 │
//      └── hand-back, snooze, retryable failure, death of the holder
// SUCCEEDED, FAILED and CANCELLED are terminal.
enum class TaskState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class GroupState {
  kQueued,
  kRunning,
  kSucceeded,
  kPartiallySucceeded,  // only where GroupStateOf is asked to tell it apart
  kFailed,
  kCancelled
};

// What went wrong with an attempt, and whose business it is.
enum class FailureKind {
  kData,           // the sensor's
  kConfiguration,  // whoever wrote the circuit's
  kModel,          // the model's: it diverged, or cannot be read
  kEnvironment,    // the machines': a replica died, a store is full
  kTimeout,        // it took longer than allowed
  kInternal        // ours
};

struct Failure {
  FailureKind kind = FailureKind::kInternal;
  std::string reason;      // UPPER_SNAKE
  std::string message;     // what failed, on what, what to do
  bool retryable = false;  // another attempt may help
  int attempt = 0;         // which attempt that was
  std::optional<absl::Time> time;
};

struct NewTask {
  std::string name;                // unique in its group, "P001.C001"
  std::string key;                 // of the tasks of one key in a queue, one runs at a time
  std::string pool;                // whose replicas run it
  std::vector<std::string> pools;  // further ones whose limits and pauses it heeds
  int priority = 0;                // greater goes first within its group
  std::string payload = "{}";      // JSON
  int max_attempts = 1;
  absl::Duration attempt_timeout = absl::InfiniteDuration();
  absl::Duration stall_timeout = absl::InfiniteDuration();  // without progress
  absl::Duration delay = absl::ZeroDuration();              // before it may be fetched
};

// Why a task waits.
struct Wait {
  std::string reason;    // "": it does not wait
  bool blocked = false;  // until somebody acts, however much others end
};

struct Task {
  std::int64_t id = 0;
  std::string group_id, name, key, pool;
  std::vector<std::string> pools;  // `pool` among them
  int priority = 0;
  std::string payload;
  TaskState state = TaskState::kQueued;
  std::string state_reason;
  int attempt_count = 0, max_attempts = 0, snooze_count = 0;
  std::int64_t lease_epoch = 0;
  std::string holder;  // of the last attempt
  std::optional<absl::Time> lease_expires_at;
  std::optional<Failure> failure;  // of the last failed attempt
  std::string progress;            // JSON; "" for none
  std::string result;              // JSON; "" unless SUCCEEDED
  absl::Time ready_at;             // not fetched before; InfiniteFuture: paused
  bool group_paused = false;
  absl::Time created_at, updated_at;
  std::optional<absl::Time> started_at, ended_at;
};

struct Counts {
  int queued = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0;
  [[nodiscard]] int open() const { return queued + running; }
  [[nodiscard]] int total() const { return open() + succeeded + failed + cancelled; }
};

struct Group {
  std::string id, queue;
  std::string pin;  // JSON
  GroupState state = GroupState::kQueued;
  bool paused = false;
  Counts counts;
  std::int64_t change_number = 0;
  absl::Time created_at, updated_at;
  std::optional<absl::Time> started_at, ended_at;
};

struct Pool {
  std::string id;
  std::optional<int> limit;  // of tasks that run at once, over all replicas
  bool paused = false;
  std::string reason;  // why it is limited or paused, for people
  int queued = 0, running = 0;
  std::optional<absl::Time> oldest_queued_at;
  int replicas = 0, slots = 0;  // that fetch for it and were seen lately
  absl::Time updated_at;
};

// How much of a group's changes a watcher has seen.
struct Mark {
  std::int64_t change_number = 0, task_id = 0;
};

// A task in somebody's hands, as every write of the holder names it.
struct HoldId {
  std::int64_t task_id = 0;
  std::int64_t lease_epoch = 0;
  auto operator<=>(const HoldId&) const = default;
};

struct FetchedTask {
  std::int64_t id = 0;
  std::int64_t lease_epoch = 0;
  std::string group_id, name, key;
  std::string payload, pin;  // JSON; pin is the group's
  int attempt_count = 0, max_attempts = 0;
  absl::Duration attempt_timeout, stall_timeout;
  [[nodiscard]] HoldId hold() const { return {id, lease_epoch}; }
};

// What a mutating call was answered with, kept for those who repeat it.
[[nodiscard]] std::string ToJson(const Group& group);
[[nodiscard]] std::string ToJson(const Task& task);
[[nodiscard]] absl::StatusOr<Group> GroupFromJson(const std::string& json);
[[nodiscard]] absl::StatusOr<Task> TaskFromJson(const std::string& json);

// "QUEUED", "DATA" … as stored, filtered and shown; nullopt for a word that is none.
[[nodiscard]] std::string Word(TaskState state);
[[nodiscard]] std::string Word(GroupState state);
[[nodiscard]] std::string Word(FailureKind kind);
template <typename Enum>
[[nodiscard]] std::optional<Enum> FromWord(const std::string& word);

[[nodiscard]] constexpr bool IsTerminal(TaskState state) {
  return state != TaskState::kQueued && state != TaskState::kRunning;
}
[[nodiscard]] constexpr bool IsTerminal(GroupState state) {
  return state != GroupState::kQueued && state != GroupState::kRunning;
}

}  // namespace fleetcast::workqueue
