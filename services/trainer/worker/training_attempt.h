// One attempt at one job: the experiment run, what is reported of progress, the data that is read
// and pinned, and the publication of what was trained; what is trained of it, circuit_training.h
// and base_training.h say. Every effect outside the process is either harmless to repeat or made
// only after the ledger has confirmed that this is still the holder.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/forecast.h"
#include "services/trainer/domain/training_job.h"
#include "services/trainer/worker/training_tools.h"

namespace fleetcast::trainer {

// What every replica says of its environment, so that all register the same version.
[[nodiscard]] std::map<std::string, std::string> EnvironmentProperties();

// A circuit's rows up to its cutoff date, as a version of its data asset.
struct PinnedRows {
  TimeSeries series;  // of the features and the target
  DataAsset asset;
  std::string version;                    // resource name
  std::vector<forecast::Remark> remarks;  // on what was read
};

// Used once, by one thread.
class TrainingAttempt {
 public:
  // All must outlive it.
  TrainingAttempt(const TrainingTools& tools, const HeldJob& job, workqueue::Hold& hold);
  TrainingAttempt(const TrainingAttempt&) = delete;
  TrainingAttempt& operator=(const TrainingAttempt&) = delete;

  // The registered version and, of a circuit's, what the gate said of it. A status of
  // Hold::StopStatus if the work had to stop. The experiment run is finished either way.
  [[nodiscard]] absl::StatusOr<JobResult> Run();

  // -- For what is trained
  // ---------------------------------------------------------------------------

  [[nodiscard]] const TrainingTools& tools() const { return tools_; }
  [[nodiscard]] const HeldJob& job() const { return job_; }
  [[nodiscard]] workqueue::Hold& hold() { return hold_; }

  void Enter(JobPhase phase);
  [[nodiscard]] JobProgress& progress() { return progress_; }
  void Report();
  // Reports an epoch's losses; false if the work must stop.
  bool OnEpoch(const forecast::EpochProgress& epoch);
  // The end of training, with a status that says why it was cancelled where it was: the lease, the
  // user or the shutdown.
  [[nodiscard]] absl::Status EndOfTraining(const absl::Status& trained);

  // Errors: the source's, the registry's and those of data that nothing can be made of.
  [[nodiscard]] absl::StatusOr<PinnedRows> ReadAndPin(const CircuitConfig& circuit);
  [[nodiscard]] absl::StatusOr<PinnedData> Pin(const DataAsset& asset);
  // To the experiment run.
  [[nodiscard]] absl::Status LogParams(const std::string& step,
                                       const std::map<std::string, std::string>& params);
  // The version that an earlier attempt at the job has registered already.
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> FindEarlier();
  // Registers `version` with `bytes` as its artifact, or finds the one that the job has by now.
  [[nodiscard]] absl::StatusOr<RegisteredVersion> Publish(NewModelVersion version,
                                                          const std::string& bytes, int best_epoch);
  // The model that a version is.
  [[nodiscard]] absl::StatusOr<forecast::Model> Load(const RegisteredVersion& version);

  template <typename Call>
  auto Retry(Call&& call) -> decltype(call()) {
    return RetryTransient(tools_, hold_, call,
                          trained_ ? tools_.patience_when_trained : tools_.patience);
  }

 private:
  [[nodiscard]] absl::StatusOr<JobResult> RunSteps();
  [[nodiscard]] absl::Status StartExperimentRun();
  void FlushMetrics(bool now);
  void FinishExperimentRun(const absl::Status& status);
  // The same for every try of one step of this attempt.
  [[nodiscard]] std::string RequestId(const std::string& step) const;

  const TrainingTools tools_;
  const HeldJob& job_;
  workqueue::Hold& hold_;
  bool trained_ = false;
  JobProgress progress_;
  std::optional<forecast::EpochProgress> last_epoch_;
  std::vector<MetricValue> unlogged_metrics_;
  int metric_batches_ = 0;
  absl::Duration metrics_flushed_at_ = absl::ZeroDuration();
};

}  // namespace fleetcast::trainer
