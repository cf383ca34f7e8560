// Sweeps and their invocations, as snapshots, and the words for their states.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

//   QUEUED ──claim──▶ RUNNING ──▶ SUCCEEDED | FAILED | CANCELLED
//      ▲                 │
//      └── hand-back, retryable failure, timeout, lease expired
// SUCCEEDED, FAILED and CANCELLED are terminal.
enum class InvocationState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class SweepState { kQueued, kRunning, kSucceeded, kPartiallySucceeded, kFailed, kCancelled };
enum class FailureKind { kData, kModel, kTimeout, kInternal };

struct InvocationFailure {
  FailureKind kind = FailureKind::kInternal;
  std::string reason;      // UPPER_SNAKE
  std::string message;     // what failed, on what, what to do
  bool retryable = false;  // another attempt may help
};

// What an invocation pins when its sweep is made.
struct InvocationPin {
  std::int64_t model_version = 0;
  std::string artifact_sha256;
  std::string sensor_id;
  absl::Duration timeout;  // of one attempt
  int max_attempts = 1;
  int concurrency_limit = 1;  // of the circuit's invocations, over all sweeps and replicas
};

struct Invocation {
  InvocationName name;
  InvocationPin pin;
  std::optional<absl::Time> as_of;
  InvocationState state = InvocationState::kQueued;
  std::string state_reason;
  std::optional<InvocationFailure> failure;  // of the last failed attempt
  int failed_attempt = 0;                    // which attempt that was
  std::optional<absl::Time> failure_time;
  int attempts = 0;
  std::int64_t lease_epoch = 0;
  std::string worker;
  std::optional<absl::Time> issue_time;
  absl::Time create_time;
  std::optional<absl::Time> start_time, end_time;
};

struct InvocationCounts {
  int queued = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0;
  [[nodiscard]] int total() const { return queued + running + succeeded + failed + cancelled; }
};

struct Sweep {
  std::string id;
  SweepState state = SweepState::kQueued;
  std::vector<std::string> plant_ids;
  std::optional<absl::Time> as_of;
  std::string schedule_id;
  std::optional<absl::Time> tick;
  std::string retry_of;  // sweep id
  InvocationCounts counts;
  absl::Time create_time;
  std::optional<absl::Time> start_time, end_time;
};

// "QUEUED" … as stored, filtered and shown.
[[nodiscard]] std::string Word(InvocationState state);
[[nodiscard]] std::string Word(SweepState state);
[[nodiscard]] std::string Word(FailureKind kind);
// The inverses, for words that a store has written.
[[nodiscard]] InvocationState InvocationStateOf(const std::string& word);
[[nodiscard]] SweepState SweepStateOf(const std::string& word);
[[nodiscard]] FailureKind FailureKindOf(const std::string& word);

[[nodiscard]] bool IsTerminal(InvocationState state);
[[nodiscard]] bool IsTerminal(SweepState state);

}  // namespace fleetcast::inference
