#include "services/trainer/worker/attempt_description.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"
#include "common/base/text.h"
#include "services/trainer/domain/cutoff.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

// What a parameter of an experiment run may hold.
constexpr std::size_t kMaxParamBytes = 6000;
// Of each kind of remark, so that a tag is not too long: model.json has all.
constexpr std::size_t kMostColumnsSaid = 2;
// What the registry takes of a data asset's columns and of its irregularities, and of one of these.
constexpr std::size_t kMostOfAnAsset = 1000, kLongestIssue = 2000;

std::string Number(double value) { return absl::StrFormat("%.10g", value); }

// As feature_columns, feature_columns.2 …: as many as the names take.
void AddNames(const std::string& key, const std::vector<std::string>& names,
              std::map<std::string, std::string>& params) {
  std::string text;
  int part = 1;
  const auto put = [&] {
    params[part == 1 ? key : absl::StrCat(key, ".", part)] = text;
    ++part;
    text.clear();
  };
  for (const std::string& name : names) {
    if (!text.empty() && text.size() + 1 + name.size() > kMaxParamBytes) put();
    absl::StrAppend(&text, text.empty() ? "" : ",", name);
  }
  put();
}

std::string TimeTag(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string EnvironmentVersion(const std::string& version) {
  return absl::StrCat("environments/custom-lstm-env/versions/", version);
}

// Those of a part without windows say nothing, and are left out.
std::map<std::string, double> MetricsOf(const forecast::TrainedModel& trained) {
  const forecast::Metrics& test = trained.test;
  std::map<std::string, double> metrics = {{"test_windows", static_cast<double>(test.windows)}};
  if (!trained.history.empty()) metrics["best_epoch"] = trained.best_epoch;
  if (trained.validation.windows > 0) metrics["validation_mae"] = trained.validation.mae;
  if (test.windows == 0) return metrics;
  metrics.insert({{"mae", test.mae},
                  {"rmse", test.rmse},
                  {"r2", test.r2},
                  {"mae_repeat_last", test.mae_repeat_last},
                  {"mae_seasonal_naive", test.mae_seasonal_naive},
                  {"skill_vs_repeat_last", test.skill_vs_repeat_last},
                  {"skill_vs_seasonal_naive", test.skill_vs_seasonal_naive},
                  {"skill", test.skill()}});
  return metrics;
}

void AddParams(const CircuitConfig& circuit, std::map<std::string, std::string>& params) {
  const Hyperparameters& given = circuit.hyperparameters;
  params.insert({{"sequence_length", absl::StrCat(given.sequence_length)},
                 {"lstm_units", absl::StrCat(given.lstm_units)},
                 {"dropout", Number(given.dropout)},
                 {"learning_rate", Number(given.learning_rate)},
                 {"batch_size", absl::StrCat(given.batch_size)},
                 {"epochs", absl::StrCat(given.epochs)},
                 {"horizon", absl::StrCat(circuit.horizon)},
                 {"interval_levels", absl::StrJoin(circuit.interval_levels, ",")},
                 {"seed", absl::StrCat(circuit.seed)},
                 {"precision", circuit.precision},
                 {"sensor_id", circuit.sensor_id},
                 {"target_column", circuit.target_column},
                 {"training_hash", circuit.training_hash}});
  if (circuit.base_version > 0) params["base_version"] = absl::StrCat(circuit.base_version);
  if (circuit.minimum) params["minimum"] = Number(*circuit.minimum);
  if (circuit.maximum) params["maximum"] = Number(*circuit.maximum);
  if (circuit.calendar) params["time_zone"] = circuit.calendar->time_zone;
  AddNames("feature_columns", circuit.feature_columns, params);
}

// All members, those without a say too, the one with the most first.
std::string MembersTag(std::vector<forecast::MemberShare> members) {
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  return absl::StrJoin(members, "; ", [](std::string* out, const forecast::MemberShare& member) {
    absl::StrAppendFormat(out, "%s: %.2f", member.name, member.weight);
  });
}

// How many values or columns each kind of remark concerns, and which columns.
std::string RemarksTag(const std::vector<forecast::Remark>& remarks) {
  struct Kind {
    std::int64_t count = 0;
    std::vector<std::string> columns;
  };
  std::map<std::string, Kind> kinds;
  for (const forecast::Remark& remark : remarks) {
    Kind& kind = kinds[remark.kind];
    kind.count += std::max<std::int64_t>(1, remark.count);
    if (!remark.column.empty()) kind.columns.push_back(remark.column);
  }
  return absl::StrJoin(kinds, "; ", [](std::string* out, const auto& each) {
    std::vector<std::string> columns = each.second.columns;
    absl::StrAppend(out, each.first, ": ", each.second.count);
    if (columns.empty()) return;
    const std::size_t more = columns.size() - std::min(columns.size(), kMostColumnsSaid);
    columns.resize(columns.size() - more);
    absl::StrAppend(out, " (", absl::StrJoin(columns, ", "));
    absl::StrAppend(out, more > 0 ? absl::StrCat(" and ", more, " more)") : ")");
  });
}

}  // namespace

forecast::ModelSpec SpecOf(const CircuitConfig& circuit) {
  const Hyperparameters& given = circuit.hyperparameters;
  return {.sequence_length = given.sequence_length,
          .horizon = circuit.horizon,
          .lstm_units = given.lstm_units,
          .dropout = given.dropout,
          .learning_rate = given.learning_rate,
          .batch_size = given.batch_size,
          .epochs = given.epochs,
          .interval_levels = circuit.interval_levels,
          .seed = circuit.seed,
          .precision = circuit.precision,
          .feature_columns = circuit.feature_columns,
          .target_column = circuit.target_column,
          .minimum = circuit.minimum,
          .maximum = circuit.maximum,
          .calendar = circuit.calendar};
}

ExperimentRunStart DescribeRun(const HeldJob& job) {
  ExperimentRunStart start{.experiment_id = job.subject.asset_id(),
                           .run_id = ExperimentRunId(job.name, job.lease_epoch),
                           .display_name = ExperimentRunDisplayName(
                               job.run.spec.pull_request_number, job.subject.cutoff_date()),
                           .params = {{"cutoff_date", job.subject.cutoff_date()}},
                           .tags = {{"training_job", JobResource(job.name)},
                                    {"attempt", absl::StrCat(job.attempt_count)},
                                    {"replica", job.replica},
                                    {"environment", job.subject.environment()},
                                    {"git_commit_sha", job.run.commit},
                                    {"engine", forecast::ThisEngine().Text()}}};
  const CircuitConfig* circuit = job.subject.circuit();
  if (circuit == nullptr) return start;
  AddParams(*circuit, start.params);
  if (circuit->base_version > 0) start.tags["base_version"] = absl::StrCat(circuit->base_version);
  return start;
}

std::vector<forecast::Remark> DataRemarks(const CircuitConfig& circuit, const PinnedData& pinned,
                                          absl::Time now) {
  std::vector<forecast::Remark> remarks;
  if (const auto warning = WarnOfCutoff(circuit.cutoff_date, now))
    remarks.push_back({.kind = warning->kind, .text = warning->message});
  for (const PinnedData::Change& change : pinned.changes)
    remarks.push_back({.kind = change.kind, .count = change.count, .text = change.message});
  return remarks;
}

DataAsset DescribeData(const CircuitConfig& circuit, const std::string& location,
                       const sensordata::DataProfile& profile) {
  DataAsset asset{.asset_id = CircuitAssetId(circuit.plant_id, circuit.circuit_id),
                  .cutoff_date = circuit.cutoff_date,
                  .sensor_id = circuit.sensor_id,
                  .source_uri = location,
                  .fingerprint = profile.fingerprint,
                  .row_count = profile.row_count,
                  .first_unix_seconds = profile.first_unix_seconds,
                  .last_unix_seconds = profile.last_unix_seconds,
                  .step_seconds = profile.step_seconds,
                  .columns = {},
                  .issues = {},
                  .ml_table = sensordata::MlTableDocument(location, profile, circuit.cutoff_date)};
  for (const sensordata::ColumnProfile& column : profile.columns)
    asset.columns.push_back({.name = column.name,
                             .minimum = column.minimum,
                             .maximum = column.maximum,
                             .mean = column.mean,
                             .standard_deviation = column.standard_deviation,
                             .missing_count = column.missing});
  for (const sensordata::DataIssue& issue : profile.issues)
    asset.issues.push_back({.kind = sensordata::NameOf(issue.kind),
                            .column = issue.column,
                            .count = issue.count,
                            .message = issue.message});
  return asset;
}

NewModelVersion DescribeVersion(const HeldJob& job, const CircuitConfig& circuit,
                                const forecast::TrainedModel& trained,
                                const std::string& data_asset_version, absl::Time last_reading,
                                absl::Time trained_at) {
  const forecast::Metrics& test = trained.test;
  const auto measured = [&](double value) { return test.windows > 0 ? Number(value) : ""; };
  const int pull_request = job.run.spec.pull_request_number;
  NewModelVersion version;
  version.training_job = JobResource(job.name);
  version.environment_version = EnvironmentVersion(circuit.environment_version);
  version.tags = {
      {"plant_id", circuit.plant_id},
      {"circuit_id", circuit.circuit_id},
      {"cutoff_date", circuit.cutoff_date},
      {"sensor_id", circuit.sensor_id},
      {"environment_version", circuit.environment_version},
      {"data_asset_version", data_asset_version.substr(data_asset_version.rfind('/') + 1)},
      {"last_reading", TimeTag(last_reading)},
      {"pr_number", pull_request > 0 ? absl::StrCat(pull_request) : ""},
      {"pr_author", job.run.spec.pull_request_author},
      {"git_commit_sha", job.run.commit},
      {"hyperparameters_hash", HyperparametersHash(circuit.hyperparameters)},
      {"training_hash", circuit.training_hash},
      {"mae", measured(test.mae)},
      {"rmse", measured(test.rmse)},
      {"r2", measured(test.r2)},
      {"trained_at", TimeTag(trained_at)},
      {"engine", forecast::ThisEngine().Text()},
      {"uses_calendar", trained.uses_calendar ? "true" : "false"},
      {"members", MembersTag(trained.members)},
      {"remarks", RemarksTag(trained.remarks)}};
  if (circuit.base_version > 0) version.tags["base_version"] = absl::StrCat(circuit.base_version);
  version.metrics = MetricsOf(trained);
  return version;
}

DataAsset DescribeBaseData(const PlantConfig& plant, const std::vector<BaseInput>& inputs,
                           const std::vector<forecast::Remark>& remarks) {
  DataAsset asset{.asset_id = PlantBaseId(plant.plant_id),
                  .cutoff_date = plant.cutoff_date,
                  .sensor_id = absl::StrCat("all circuits of ", plant.plant_id),
                  .source_uri = "",
                  .fingerprint = "",
                  .row_count = 0,
                  .first_unix_seconds = inputs.front().first_unix_seconds,
                  .last_unix_seconds = inputs.front().last_unix_seconds,
                  .step_seconds = inputs.front().step_seconds,
                  .columns = {},
                  .issues = {},
                  .ml_table = ""};
  std::string pins;
  std::vector<std::string> locations;
  for (const BaseInput& input : inputs) {
    absl::StrAppend(&pins, input.data_asset_version, " ", input.fingerprint, "\n");
    locations.push_back(input.location);
    asset.row_count += input.row_count;
    asset.first_unix_seconds = std::min(asset.first_unix_seconds, input.first_unix_seconds);
    asset.last_unix_seconds = std::max(asset.last_unix_seconds, input.last_unix_seconds);
    if (asset.columns.size() == kMostOfAnAsset) continue;
    asset.columns.push_back(input.target);
    asset.columns.back().name = input.circuit_id;
  }
  asset.fingerprint = Sha256Hex(pins);
  for (const forecast::Remark& remark : remarks) {
    if (remark.kind != "CIRCUIT_LEFT_OUT" || asset.issues.size() == kMostOfAnAsset) continue;
    asset.issues.push_back({.kind = remark.kind,
                            .column = remark.column,
                            .count = 1,
                            .message = PrintableUtf8(remark.text, kLongestIssue)});
  }
  asset.ml_table = sensordata::MlTableOfFiles(locations, asset.fingerprint, plant.cutoff_date);
  return asset;
}

std::map<std::string, std::string> DescribeInputs(const std::vector<BaseInput>& inputs) {
  std::vector<std::string> versions;
  versions.reserve(inputs.size());
  for (const BaseInput& input : inputs) versions.push_back(input.data_asset_version);
  std::map<std::string, std::string> params = {{"circuit_count", absl::StrCat(inputs.size())}};
  AddNames("trained_on", versions, params);
  return params;
}

NewModelVersion DescribeBaseVersion(const HeldJob& job, const PlantConfig& plant,
                                    const forecast::TrainedModel& trained, int circuit_count,
                                    absl::Time trained_at) {
  NewModelVersion version{.model = kPlantBase};
  version.training_job = JobResource(job.name);
  version.environment_version = EnvironmentVersion(plant.environment_version);
  version.tags = {{"plant_id", plant.plant_id},
                  {"cutoff_date", plant.cutoff_date},
                  {"environment_version", plant.environment_version},
                  {"git_commit_sha", plant.commit},
                  {"circuit_count", absl::StrCat(circuit_count)},
                  {"trained_at", TimeTag(trained_at)},
                  {"engine", forecast::ThisEngine().Text()},
                  {"members", MembersTag(trained.members)},
                  {"remarks", RemarksTag(trained.remarks)}};
  version.metrics = MetricsOf(trained);
  return version;
}

}  // namespace fleetcast::trainer
