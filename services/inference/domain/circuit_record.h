// What is known of a circuit: what it is to be, what it is, how its last step and its forecasts
// went. A snapshot of rows; what follows from it is decided in reconcile.h and condition.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/deployment.h"
#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

enum class DesiredState { kNone, kActive, kRetired };  // kNone: no release says anything of it

// What a step did.
enum class StepAction { kNone, kPromoted, kRedeployed, kRetired, kRefused, kPinned };

struct StepResult {
  StepAction action = StepAction::kNone;
  std::int64_t model_version = 0;  // that serves after it; 0: none
  std::string why;
  std::int64_t removed_champion = 0;  // by a retirement
};

// A circuit as a commit has it.
struct DesiredCircuit {
  CircuitId circuit;
  std::string training_hash, deployment_hash, cutoff_date;
  DeploymentSettings settings;
};

struct CircuitPin {
  std::int64_t model_version = 0;
  std::string actor, reason;
  absl::Time create_time;
  std::optional<absl::Time> expire_time;
};

struct CircuitServing {
  std::int64_t model_version = 0;
  std::string training_hash, deployment_hash, cutoff_date;
  std::optional<double> mae, skill;
  absl::Time deploy_time;
};

struct CircuitLatestForecast {
  absl::Time issue_time, create_time;
  std::optional<absl::Time> answer_time;  // of one from the same readings that is not newer
  ForecastSource answer_source = ForecastSource::kDeployedVersion;  // and what made that
  std::string answer_reason;
  [[nodiscard]] absl::Time answered() const {
    return std::max(create_time, answer_time.value_or(create_time));
  }
  std::int64_t model_version = 0;
  std::optional<double> next_value;
  ForecastSource source = ForecastSource::kDeployedVersion;
  std::string source_reason;
  std::optional<absl::Time> fallback_since;
  std::string stuck;  // what its remark STUCK says; empty: the sensor moves
  std::optional<absl::Time> stuck_since;
};

// Of the forecasts of the version in service.
struct CircuitLive {
  absl::Time scored_until;
  std::string summary;                      // a LiveAccuracy as JSON; read by who shows it
  std::string drift_reason, drift_message;  // empty: it has not drifted
  std::optional<absl::Time> drift_since;
};

struct CircuitStep {
  workqueue::TaskState state = workqueue::TaskState::kQueued;
  std::string reason;
  std::optional<workqueue::Failure> failure;
  StepResult result;
  absl::Time create_time, update_time;
  bool blocked = false;             // it waits for a training that waits until somebody acts
  std::int64_t champion_stood = 0;  // that a retirement took away, before it or by it
};

struct CircuitRecord {
  CircuitId circuit;
  std::string display_name;

  DesiredState desired_state = DesiredState::kNone;
  std::string release_id;  // that last changed what it is to be
  std::string commit, training_hash, deployment_hash, cutoff_date;
  DeploymentSettings settings;  // only where it is asked for
  bool unsound = false;         // at the commit in force
  std::string unsound_because;  // file, line and fault
  std::string step_group_id;    // of its last step
  std::string training_run;     // asked for a version of `training_hash`; resource name

  using Pin = CircuitPin;
  std::optional<Pin> pin;  // one that is over is left out

  using Serving = CircuitServing;
  std::optional<Serving> serving;

  using LatestForecast = CircuitLatestForecast;
  std::optional<LatestForecast> forecast;

  using Live = CircuitLive;
  std::optional<Live> live;

  using Step = CircuitStep;
  std::optional<Step> step;  // the last

  std::optional<workqueue::Failure> failed_invocation;  // the last that failed, with its time
};

[[nodiscard]] std::string Word(DesiredState state);  // "ACTIVE"; "" for kNone
[[nodiscard]] DesiredState DesiredStateOf(const std::string& word);
[[nodiscard]] std::string Word(StepAction action);  // "PROMOTED"

[[nodiscard]] std::string ToJson(const StepResult& result);
[[nodiscard]] StepResult StepResultOf(const std::string& json);  // what cannot be read is left out
[[nodiscard]] std::string ToJson(const DeploymentSettings& settings);
[[nodiscard]] DeploymentSettings SettingsOf(const std::string& json);

}  // namespace fleetcast::inference
