// One attempt at one job: readings → pinned data asset → trained model → artifact → model version →
// gate. Every effect outside the process is either harmless to repeat or made only after the ledger
// has confirmed that this is still the holder.
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

// Used once, by one thread.
class TrainingAttempt {
 public:
  // All must outlive it.
  TrainingAttempt(const TrainingTools& tools, const HeldJob& job, workqueue::Hold& hold);

  // The registered version and what the gate said of it. A status of Hold::StopStatus if the work
  // had to stop. The experiment run is finished either way.
  [[nodiscard]] absl::StatusOr<JobResult> Run();

 private:
  struct Data {
    TimeSeries series;  // of the features and the target
    forecast::RowRange test_rows;
    std::string fingerprint;
    std::vector<forecast::Remark> remarks;  // on what was read
  };
  struct Candidate {
    forecast::Model model;
    RegisteredVersion version;
  };

  [[nodiscard]] absl::StatusOr<JobResult> RunSteps();
  [[nodiscard]] absl::Status StartExperimentRun();
  [[nodiscard]] absl::StatusOr<Data> ReadAndPinData();
  // The version that an earlier attempt has registered already or, where the run says so, any job
  // of the same configuration; nullopt if there is none.
  [[nodiscard]] absl::StatusOr<std::optional<Candidate>> FindEarlier();
  [[nodiscard]] absl::StatusOr<forecast::TrainedModel> Train(const Data& data);
  [[nodiscard]] absl::StatusOr<Candidate> Publish(forecast::TrainedModel trained, const Data& data);
  [[nodiscard]] absl::StatusOr<Candidate> Load(const RegisteredVersion& version);
  bool OnEpoch(const forecast::EpochProgress& epoch);
  void FlushMetrics(bool now);
  void Enter(JobPhase phase);
  void Report();
  void FinishExperimentRun(const absl::Status& status);
  // The same for every try of one step of this attempt.
  [[nodiscard]] std::string RequestId(const std::string& step) const;
  [[nodiscard]] NewModelVersion Describe(const forecast::TrainedModel& trained,
                                         const std::string& artifact_sha256,
                                         std::int64_t last_reading_unix_seconds) const;

  template <typename Call>
  auto Retry(Call&& call) -> decltype(call()) {
    return RetryTransient(tools_, hold_, call,
                          trained_ ? tools_.patience_when_trained : tools_.patience);
  }

  const TrainingTools tools_;
  const HeldJob& job_;
  const CircuitConfig& circuit_;
  workqueue::Hold& hold_;
  bool trained_ = false;
  JobProgress progress_;
  std::optional<forecast::EpochProgress> last_epoch_;
  std::vector<MetricValue> unlogged_metrics_;
  int metric_batches_ = 0;
  absl::Duration metrics_flushed_at_ = absl::ZeroDuration();
};

}  // namespace fleetcast::trainer
