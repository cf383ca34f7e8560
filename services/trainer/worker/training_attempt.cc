#include "services/trainer/worker/training_attempt.h"

#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/attempt_description.h"
#include "services/trainer/worker/base_training.h"
#include "services/trainer/worker/circuit_rows.h"
#include "services/trainer/worker/circuit_training.h"

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kMetricsEvery = absl::Seconds(2);

constexpr std::size_t kLongestWait = 1000;

TrainingTools Telling(TrainingTools tools, std::function<void(const std::string& what)> on_wait) {
  tools.on_wait = std::move(on_wait);
  return tools;
}

bool IsStop(const absl::Status& status) { return absl::IsCancelled(status); }

}  // namespace

std::map<std::string, std::string> EnvironmentProperties() {
  return {{"program", "fleetcast-trainer"}, {"library", "LibTorch"}};
}

TrainingAttempt::TrainingAttempt(const TrainingTools& tools, const HeldJob& job,
                                 workqueue::Hold& hold)
    : tools_(Telling(tools,
                     [this](const std::string& what) {
                       progress_.waits_for = PrintableUtf8(what, kLongestWait);
                       Report();
                     })),
      job_(job),
      hold_(hold) {}

absl::StatusOr<JobResult> TrainingAttempt::Run() {
  absl::StatusOr<JobResult> result = RunSteps();
  FinishExperimentRun(result.status());
  return result;
}

absl::StatusOr<JobResult> TrainingAttempt::RunSteps() {
  const ScopedCancellation stop(hold_.stop_token());
  Enter(JobPhase::kReadingData);
  FLEETCAST_RETURN_IF_ERROR(StartExperimentRun());
  if (const PlantConfig* plant = job_.subject.plant()) return TrainPlantBase(*this, *plant);
  return TrainCircuit(*this, *job_.subject.circuit());
}

absl::Status TrainingAttempt::StartExperimentRun() {
  // A model version must refer to its environment; the replica registers it at start, but the
  // registry may have been away then.
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.RegisterEnvironment(RequestId("environment"), job_.subject.environment(),
                                               EnvironmentProperties());
  }));
  const ExperimentRunStart start = DescribeRun(job_);
  FLEETCAST_ASSIGN_OR_RETURN(progress_.experiment_run, Retry([&] {
                               return tools_.registry.StartRun(RequestId("run"), start);
                             }));
  Report();
  return absl::OkStatus();
}

absl::StatusOr<PinnedRows> TrainingAttempt::ReadAndPin(const CircuitConfig& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(
      const sensordata::RawReadings readings,
      ReadRows(tools_, hold_, circuit, ColumnsOf(circuit.feature_columns, circuit.target_column)));
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::DataProfile profile,
                             sensordata::ProfileReadings(readings));
  PinnedRows rows;
  FLEETCAST_ASSIGN_OR_RETURN(rows.series, sensordata::RegularGrid(readings));
  rows.asset = DescribeData(circuit, tools_.sensors.Location(circuit.sensor_id), profile);
  FLEETCAST_ASSIGN_OR_RETURN(PinnedData pinned, Pin(rows.asset));
  rows.version = std::move(pinned.version);
  rows.remarks = DataRemarks(circuit, pinned, tools_.clock.Now());
  for (const forecast::Remark& remark : rows.remarks) {
    LogWarning(
        "what is trained on is doubtful",
        {{"data_asset_version", rows.version}, {"kind", remark.kind}, {"what", remark.text}});
  }
  return rows;
}

absl::StatusOr<PinnedData> TrainingAttempt::Pin(const DataAsset& asset) {
  return Retry([&] {
    return tools_.registry.PinDataAsset(RequestId(absl::StrCat("data ", asset.asset_id)), asset);
  });
}

absl::Status TrainingAttempt::LogParams(const std::string& step,
                                        const std::map<std::string, std::string>& params) {
  return Retry(
      [&] { return tools_.registry.LogParams(RequestId(step), progress_.experiment_run, params); });
}

absl::StatusOr<std::optional<RegisteredVersion>> TrainingAttempt::FindEarlier() {
  if (job_.lease_epoch == 1) return std::optional<RegisteredVersion>();
  return Retry([&] {
    return tools_.registry.FindVersionOfJob(job_.subject.model(), JobResource(job_.name));
  });
}

absl::Status TrainingAttempt::EndOfTraining(const absl::Status& trained) {
  FlushMetrics(/*now=*/true);
  trained_ = trained.ok();
  if (IsStop(trained)) FLEETCAST_RETURN_IF_ERROR(hold_.StopStatus());
  return trained;
}

absl::StatusOr<RegisteredVersion> TrainingAttempt::Publish(NewModelVersion version,
                                                           const std::string& bytes,
                                                           int best_epoch) {
  Enter(JobPhase::kPublishing);
  version.artifact_sha256 = Sha256Hex(bytes);
  version.run = progress_.experiment_run;
  version.data_asset_version = progress_.data_asset_version;
  FLEETCAST_RETURN_IF_ERROR(Retry([&] { return tools_.confirm_held(hold_); }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.SetRunTags(
        RequestId("tags"), progress_.experiment_run,
        {{"members", version.tags.at("members")}, {"remarks", version.tags.at("remarks")}});
  }));
  // What the model got on the test rows, beside its losses: runs are searched and compared by it.
  std::vector<MetricValue> measured;
  for (const auto& [key, value] : version.metrics)
    if (std::isfinite(value)) measured.push_back({key, value, best_epoch});
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.LogMetrics(RequestId("test metrics"), progress_.experiment_run,
                                      measured);
  }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.UploadArtifact(RequestId("artifact"), progress_.experiment_run,
                                          "model.tar", bytes);
  }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] { return tools_.confirm_held(hold_); }));
  return Retry([&] { return tools_.registry.CreateVersion(RequestId("version"), version); });
}

absl::StatusOr<forecast::Model> TrainingAttempt::Load(const RegisteredVersion& version) {
  FLEETCAST_ASSIGN_OR_RETURN(std::string bytes, Retry([&] {
                               return tools_.registry.DownloadArtifact(version.artifact_sha256);
                             }));
  return forecast::Model::Parse(std::move(bytes));
}

bool TrainingAttempt::OnEpoch(const forecast::EpochProgress& epoch) {
  // Several calls come during one epoch; its last one before the next epoch has its losses.
  if (last_epoch_ && last_epoch_->epoch != epoch.epoch) {
    for (const auto& [key, value] : {std::pair("training_loss", last_epoch_->training_loss),
                                     std::pair("validation_loss", last_epoch_->validation_loss)})
      if (std::isfinite(value)) unlogged_metrics_.push_back({key, value, last_epoch_->epoch});
    FlushMetrics(/*now=*/false);
  }
  last_epoch_ = epoch;
  progress_.epoch = epoch.epoch;
  progress_.epochs = epoch.epochs;
  progress_.training_loss = epoch.training_loss;
  progress_.validation_loss = epoch.validation_loss;
  Report();
  return !hold_.MustStop();
}

// What cannot be logged now is logged with the next batch: metrics of epochs are worth no waiting.
void TrainingAttempt::FlushMetrics(bool now) {
  const absl::Duration clock = tools_.clock.Monotonic();
  if (!now && clock - metrics_flushed_at_ < kMetricsEvery) return;
  if (now && last_epoch_) {
    for (const auto& [key, value] : {std::pair("training_loss", last_epoch_->training_loss),
                                     std::pair("validation_loss", last_epoch_->validation_loss)})
      if (std::isfinite(value)) unlogged_metrics_.push_back({key, value, last_epoch_->epoch});
    last_epoch_.reset();
  }
  metrics_flushed_at_ = clock;
  if (unlogged_metrics_.empty()) return;
  const std::string request_id = RequestId(absl::StrCat("metrics ", ++metric_batches_));
  const absl::Status logged =
      tools_.registry.LogMetrics(request_id, progress_.experiment_run, unlogged_metrics_);
  if (logged.ok())
    unlogged_metrics_.clear();
  else
    LogWarning("metrics could not be logged", {{"error", std::string(logged.message())}});
}

void TrainingAttempt::Enter(JobPhase phase) {
  progress_.phase = phase;
  Report();
}

void TrainingAttempt::Report() { hold_.Report(ToJson(progress_)); }

void TrainingAttempt::FinishExperimentRun(const absl::Status& status) {
  if (progress_.experiment_run.empty()) return;
  const ExperimentRunEnd end = status.ok()      ? ExperimentRunEnd::kFinished
                               : IsStop(status) ? ExperimentRunEnd::kKilled
                                                : ExperimentRunEnd::kFailed;
  const absl::Status finished = tools_.registry.FinishRun(
      RequestId("finish"), progress_.experiment_run, end, std::string(status.message()));
  if (finished.ok()) return;
  const absl::Status later = tools_.close_later(hold_, {.experiment_run = progress_.experiment_run,
                                                        .why = std::string(status.message()),
                                                        .end = end});
  LogWarning("the experiment run could not be finished",
             {{"experiment_run", progress_.experiment_run},
              {"error", std::string(finished.message())},
              {"finished_later", later.ok() ? "yes" : std::string(later.message())}});
}

std::string TrainingAttempt::RequestId(const std::string& step) const {
  return DerivedUuid(absl::StrCat(JobResource(job_.name), " ", job_.lease_epoch, " ", step));
}

}  // namespace fleetcast::trainer
