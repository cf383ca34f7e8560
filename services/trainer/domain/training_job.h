// Training runs and their jobs, as snapshots: groups and tasks of the work queue, with what the
// trainer pins, reports and makes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/workqueue/task.h"
#include "services/trainer/domain/subject.h"

namespace fleetcast::trainer {

enum class JobPhase { kNone, kReadingData, kTraining, kEvaluating, kPublishing };
enum class GateVerdict { kNotBetter, kBetter, kNotComparable, kAsGood };

struct JobProgress {
  JobPhase phase = JobPhase::kNone;
  int epoch = 0, epochs = 0;  // 1-based, of at most
  std::optional<double> training_loss, validation_loss;
  int circuits_read = 0, circuits = 0;     // of a plant's base: how many, of how many
  std::string experiment_run;              // resource name once it exists
  std::string data_asset_version;          // resource name once pinned
  std::vector<std::string> data_warnings;  // what is doubtful about what was read, for people
  std::string waits_for;                   // what is away, for people; empty unless it waits
};

struct GateOutcome {
  GateVerdict verdict = GateVerdict::kNotBetter;
  std::string why;
  double mae = 0, skill = 0, naive_mae = 0;  // on the test rows, in the sensor's unit
  std::optional<double> champion_mae;        // of the champion then, on the same rows
  std::optional<double> margin;              // of the difference that chance explains
  std::string champion;                      // its resource name; empty if there was none
  int windows = 0;                           // of the test rows, compared on
  std::int64_t first_unix_seconds = 0, last_unix_seconds = 0;  // of the test rows
  [[nodiscard]] bool passed() const { return verdict != GateVerdict::kNotBetter; }
};

struct JobResult {
  std::string model_version;        // resource name
  std::string members, remarks;     // as its tags say
  std::optional<GateOutcome> gate;  // of a circuit's version
  int circuit_count = 0;            // that a plant's base has learnt from
  double skill = 0;                 // of a plant's base, on the test rows of all of them
};
// What it came to, for people.
[[nodiscard]] std::string WhyOf(const JobResult& result);

struct JobName {
  std::string run_id, job_id;  // "P001.C001", of a plant's base "P001"
  bool operator==(const JobName&) const = default;
};

// What was asked for; either the revisions or the circuits are set.
struct RunSpec {
  std::string base_revision, head_revision;
  std::vector<std::string> circuits;  // resource names
  std::string revision;
  bool reuse_versions = false;  // judge what there is of exactly this configuration; circuits only
  bool plant_base = false;      // the bases of the plants that are named, not the circuits' models
  int pull_request_number = 0;  // 0: none
  std::string pull_request_author;
};

// What a run pins when it is made.
struct RunPin {
  RunSpec spec;
  std::string commit, merge_base_commit;
  std::string retry_of;  // run id; empty if no retry
  std::string note;      // what its creation left out or doubted, for people; may be empty
};

struct TrainingRun {
  workqueue::Group group;
  RunPin pin;
};

struct TrainingJob {
  workqueue::Task task;
  Subject subject;
  JobProgress progress;
  std::optional<JobResult> result;
  workqueue::Wait wait;  // while QUEUED: for what
  [[nodiscard]] JobName name() const { return {task.group_id, task.name}; }
};

// A job as the process that holds it needs it.
struct HeldJob {
  JobName name;
  Subject subject;
  RunPin run;
  std::int64_t lease_epoch = 0;
  int attempt_count = 0;
  std::string replica;
};

// CONFIGURATION_UNREADABLE if its payload cannot be read.
[[nodiscard]] absl::StatusOr<HeldJob> HeldJobOf(const workqueue::FetchedTask& task,
                                                const std::string& replica);

enum class ExperimentRunEnd { kFinished, kFailed, kKilled };

// An experiment run that nobody may be working on any more.
struct OpenRun {
  std::string experiment_run;  // resource name
  std::string why;
  ExperimentRunEnd end = ExperimentRunEnd::kKilled;
};
[[nodiscard]] std::string ToJson(const OpenRun& open);
[[nodiscard]] absl::StatusOr<OpenRun> OpenRunFromJson(const std::string& json);

// As the queue keeps them, JSON with defaults for what is missing. Reading is FAILED_PRECONDITION
// with reason STORED_VALUE_UNREADABLE.
[[nodiscard]] std::string Word(GateVerdict verdict);  // "NOT_BETTER"
[[nodiscard]] std::string ToJson(const RunPin& pin);
[[nodiscard]] std::string ToJson(const JobProgress& progress);
[[nodiscard]] std::string ToJson(const JobResult& result);
[[nodiscard]] absl::StatusOr<RunPin> RunPinFromJson(const std::string& json);

// From the queue's snapshots. Whatever cannot be read is left out: a list shows what it can.
[[nodiscard]] TrainingRun RunOf(workqueue::Group group);
[[nodiscard]] TrainingJob JobOf(workqueue::Task task);

// Why a run stands where it does, for people.
[[nodiscard]] std::string RunReason(const TrainingRun& run);

}  // namespace fleetcast::trainer
