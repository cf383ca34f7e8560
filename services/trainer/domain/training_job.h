// Training runs and their jobs, as snapshots, and the words for their states.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/trainer/domain/circuit_config.h"

namespace fleetcast::trainer {

//   QUEUED ──claim──▶ RUNNING ──▶ SUCCEEDED | FAILED | CANCELLED
//      ▲                 │
//      └── hand-back, retryable failure, lease expired
// SUCCEEDED, FAILED and CANCELLED are terminal.
enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class RunState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
enum class FailureKind { kData, kConfiguration, kDivergence, kEnvironment, kInternal };
enum class JobPhase { kNone, kReadingData, kTraining, kEvaluating, kPublishing };
enum class GateVerdict { kChampion, kCandidate };

struct JobFailure {
  FailureKind kind = FailureKind::kInternal;
  std::string reason;   // UPPER_SNAKE
  std::string message;  // what failed, on what, what to do
};

struct JobProgress {
  JobPhase phase = JobPhase::kNone;
  int epoch = 0, epochs = 0;  // 1-based, of at most
  std::optional<double> training_loss, validation_loss;
  std::string experiment_run;      // resource name once it exists
  std::string data_asset_version;  // resource name once pinned
};

struct GateOutcome {
  GateVerdict verdict = GateVerdict::kCandidate;
  std::string why;
  double mae = 0, skill = 0, naive_mae = 0;  // on the test rows, in the sensor's unit
  std::optional<double> champion_mae;        // of the champion then, on the same rows
  std::string champion;                      // its resource name; empty if there was none
};

struct JobResult {
  std::string model_version;  // resource name
  GateOutcome gate;
};

struct JobName {
  std::string run_id, job_id;
  bool operator==(const JobName&) const = default;
};

// What a queued job waits for, as the store sees it now.
struct QueueSituation {
  std::optional<absl::Time> environment_seen_at;  // a replica of the job's environment, last
  absl::Time now;                                 // the database's clock
  absl::Time ready_at;                            // not claimed before
  int live_jobs = 0;                              // held now, over all replicas
};

struct TrainingJob {
  JobName name;
  CircuitConfig circuit;
  std::string environment;  // "custom-lstm-env:1.5.0"
  JobState state = JobState::kQueued;
  std::string state_reason;  // as stored; for QUEUED see QueueReason
  std::optional<JobFailure> failure;
  int attempt_count = 0, max_attempts = 0;
  std::int64_t lease_epoch = 0;
  std::string replica;
  std::optional<absl::Time> lease_expires_at;
  JobProgress progress;
  bool cancel_requested = false;
  std::optional<JobResult> result;
  absl::Time created_at, updated_at;
  std::optional<absl::Time> started_at, ended_at;
  QueueSituation queue;  // meaningful while QUEUED
};

struct JobCounts {
  int queued = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0;
  [[nodiscard]] int total() const { return queued + running + succeeded + failed + cancelled; }
};

// What was asked for; either the revisions or the circuits are set.
struct RunSpec {
  std::string base_revision, head_revision;
  std::vector<std::string> circuits;  // resource names
  std::string revision;
  int pull_request_number = 0;  // 0: none
  std::string pull_request_author;
};

struct TrainingRun {
  std::string id;
  RunSpec spec;
  RunState state = RunState::kQueued;
  std::string commit, merge_base_commit;
  std::string retry_of;  // run id; empty if no retry
  std::string note;      // what its creation left out, for people; may be empty
  bool cancel_requested = false;
  JobCounts counts;
  absl::Time created_at, updated_at;
  std::optional<absl::Time> started_at, ended_at;
};

// "QUEUED", "READING_DATA" … as stored, filtered and shown; nullopt for a word that is none.
[[nodiscard]] std::string Word(JobState state);
[[nodiscard]] std::string Word(RunState state);
[[nodiscard]] std::string Word(FailureKind kind);
[[nodiscard]] std::string Word(JobPhase phase);
[[nodiscard]] std::string Word(GateVerdict verdict);
template <typename Enum>
[[nodiscard]] std::optional<Enum> FromWord(const std::string& word);

[[nodiscard]] constexpr bool IsTerminal(JobState state) {
  return state == JobState::kSucceeded || state == JobState::kFailed ||
         state == JobState::kCancelled;
}
[[nodiscard]] constexpr bool IsTerminal(RunState state) {
  return state == RunState::kSucceeded || state == RunState::kFailed ||
         state == RunState::kCancelled;
}

}  // namespace fleetcast::trainer
