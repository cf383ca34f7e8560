#include "services/trainer/worker/training_attempt.h"

#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/deadline.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/profile.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/attempt_description.h"
#include "services/trainer/worker/champion_review.h"
#include "services/trainer/worker/circuit_rows.h"

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
      circuit_(job.circuit),
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
  FLEETCAST_ASSIGN_OR_RETURN(const Data data, ReadAndPinData());
  FLEETCAST_ASSIGN_OR_RETURN(std::optional<Candidate> candidate, FindEarlier());
  if (!candidate) {
    FLEETCAST_ASSIGN_OR_RETURN(forecast::TrainedModel trained, Train(data));
    FLEETCAST_ASSIGN_OR_RETURN(candidate, Publish(std::move(trained), data));
  }
  Enter(JobPhase::kEvaluating);
  ChampionReview review(tools_, job_, hold_);
  FLEETCAST_ASSIGN_OR_RETURN(GateOutcome outcome, review.Judge({.circuit = circuit_,
                                                                .series = data.series,
                                                                .test_rows = data.test_rows,
                                                                .candidate = candidate->model,
                                                                .version = candidate->version}));
  std::map<std::string, std::string>& tags = candidate->version.tags;
  return JobResult{.model_version = candidate->version.name,
                   .members = tags["members"],
                   .remarks = tags["remarks"],
                   .gate = std::move(outcome)};
}

absl::Status TrainingAttempt::StartExperimentRun() {
  // A model version must refer to its environment; the replica registers it at start, but the
  // registry may have been away then.
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.RegisterEnvironment(RequestId("environment"), job_.environment(),
                                               EnvironmentProperties());
  }));
  const ExperimentRunStart start = DescribeRun(job_);
  FLEETCAST_ASSIGN_OR_RETURN(progress_.experiment_run, Retry([&] {
                               return tools_.registry.StartRun(RequestId("run"), start);
                             }));
  Report();
  return absl::OkStatus();
}

absl::StatusOr<TrainingAttempt::Data> TrainingAttempt::ReadAndPinData() {
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings,
                             ReadRows(tools_, hold_, circuit_,
                                      ColumnsOf(circuit_.feature_columns, circuit_.target_column)));
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::DataProfile profile,
                             sensordata::ProfileReadings(readings));
  Data data;
  FLEETCAST_ASSIGN_OR_RETURN(data.series, sensordata::RegularGrid(readings));
  data.fingerprint = profile.fingerprint;
  data.test_rows = forecast::SplitOf(data.series.rows(), forecast::SplitShares{}).test;

  const std::string location = tools_.sensors.Location(circuit_.sensor_id);
  const DataAsset asset = DescribeData(circuit_, location, profile);
  FLEETCAST_ASSIGN_OR_RETURN(const PinnedData pinned, Retry([&] {
                               return tools_.registry.PinDataAsset(RequestId("data"), asset);
                             }));
  data.remarks = DataRemarks(circuit_, pinned, tools_.clock.Now());
  progress_.data_asset_version = pinned.version;
  for (const forecast::Remark& remark : data.remarks) {
    progress_.data_warnings.push_back(remark.text);
    LogWarning(
        "what is trained on is doubtful",
        {{"data_asset_version", pinned.version}, {"kind", remark.kind}, {"what", remark.text}});
  }
  Report();
  return data;
}

absl::StatusOr<std::optional<TrainingAttempt::Candidate>> TrainingAttempt::FindEarlier() {
  std::optional<RegisteredVersion> earlier;
  if (job_.lease_epoch > 1) {
    FLEETCAST_ASSIGN_OR_RETURN(
        earlier, Retry([&] { return tools_.registry.FindVersionOfJob(JobResource(job_.name)); }));
  }
  if (!earlier && job_.run.spec.reuse_versions) {
    FLEETCAST_ASSIGN_OR_RETURN(
        earlier, Retry([&] { return tools_.registry.FindVersionOfHash(circuit_.training_hash); }));
  }
  if (!earlier) return std::optional<Candidate>();
  LogInfo("the version is registered already", {{"model_version", earlier->name}});
  FLEETCAST_ASSIGN_OR_RETURN(Candidate candidate, Load(*earlier));
  return std::optional<Candidate>(std::move(candidate));
}

absl::StatusOr<forecast::TrainedModel> TrainingAttempt::Train(const Data& data) {
  Enter(JobPhase::kTraining);
  forecast::ModelSpec spec = SpecOf(circuit_);
  spec.data_fingerprint = data.fingerprint;
  auto trained =
      forecast::Train(data.series, spec, forecast::SplitShares{},
                      [this](const forecast::EpochProgress& epoch) { return OnEpoch(epoch); });
  FlushMetrics(/*now=*/true);
  // A cancelled training says why it was: the lease, the user or the shutdown.
  if (!trained.ok() && IsStop(trained.status())) FLEETCAST_RETURN_IF_ERROR(hold_.StopStatus());
  if (trained.ok()) {
    for (const forecast::Remark& remark : trained->remarks) {
      LogInfo("something was left out or masked in training",
              {{"kind", remark.kind}, {"column", remark.column}, {"what", remark.text}});
    }
  }
  return trained;
}

absl::StatusOr<TrainingAttempt::Candidate> TrainingAttempt::Publish(forecast::TrainedModel trained,
                                                                    const Data& data) {
  Enter(JobPhase::kPublishing);
  trained.remarks.insert(trained.remarks.end(), data.remarks.begin(), data.remarks.end());
  trained_ = true;
  const std::string bytes = trained.model.Serialize();
  const NewModelVersion version =
      Describe(trained, Sha256Hex(bytes), data.series.unix_seconds.back());
  FLEETCAST_RETURN_IF_ERROR(Retry([&] { return tools_.confirm_held(hold_); }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.SetRunTags(
        RequestId("tags"), progress_.experiment_run,
        {{"members", version.tags.at("members")}, {"remarks", version.tags.at("remarks")}});
  }));
  // What the model got on the test rows, beside its losses: runs are searched and compared by it.
  std::vector<MetricValue> measured;
  for (const auto& [key, value] : version.metrics)
    if (std::isfinite(value)) measured.push_back({key, value, trained.best_epoch});
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.LogMetrics(RequestId("test metrics"), progress_.experiment_run,
                                      measured);
  }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] {
    return tools_.registry.UploadArtifact(RequestId("artifact"), progress_.experiment_run,
                                          "model.tar", bytes);
  }));
  FLEETCAST_RETURN_IF_ERROR(Retry([&] { return tools_.confirm_held(hold_); }));
  FLEETCAST_ASSIGN_OR_RETURN(const RegisteredVersion registered, Retry([&] {
                               return tools_.registry.CreateVersion(RequestId("version"), version);
                             }));
  // A job has one version: if another attempt was faster, it is that one that is judged.
  if (registered.artifact_sha256 != version.artifact_sha256) return Load(registered);
  return Candidate{.model = std::move(trained.model), .version = registered};
}

absl::StatusOr<TrainingAttempt::Candidate> TrainingAttempt::Load(const RegisteredVersion& version) {
  FLEETCAST_ASSIGN_OR_RETURN(std::string bytes, Retry([&] {
                               return tools_.registry.DownloadArtifact(version.artifact_sha256);
                             }));
  FLEETCAST_ASSIGN_OR_RETURN(forecast::Model model, forecast::Model::Parse(std::move(bytes)));
  return Candidate{.model = std::move(model), .version = version};
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

NewModelVersion TrainingAttempt::Describe(const forecast::TrainedModel& trained,
                                          const std::string& artifact_sha256,
                                          std::int64_t last_reading_unix_seconds) const {
  NewModelVersion version = DescribeVersion(job_, trained, tools_.clock.Now());
  version.artifact_sha256 = artifact_sha256;
  version.run = progress_.experiment_run;
  version.data_asset_version = progress_.data_asset_version;
  version.tags["last_reading"] = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(last_reading_unix_seconds), absl::UTCTimeZone());
  version.tags["data_asset_version"] =
      progress_.data_asset_version.substr(progress_.data_asset_version.rfind('/') + 1);
  return version;
}

}  // namespace fleetcast::trainer
