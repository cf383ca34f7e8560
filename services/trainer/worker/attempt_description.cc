#include "services/trainer/worker/attempt_description.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/trainer/domain/cutoff.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

// What a parameter of an experiment run may hold.
constexpr std::size_t kMaxParamBytes = 6000;
// Of each kind of remark, so that a tag is not too long: model.json has all.
constexpr std::size_t kMostColumnsSaid = 2;

std::string Number(double value) { return absl::StrFormat("%.10g", value); }

// As feature_columns, feature_columns.2 …: as many as their names take.
void AddColumns(const std::vector<std::string>& columns,
                std::map<std::string, std::string>& params) {
  std::string text;
  int part = 1;
  const auto put = [&] {
    params[part == 1 ? "feature_columns" : absl::StrCat("feature_columns.", part)] = text;
    ++part;
    text.clear();
  };
  for (const std::string& column : columns) {
    if (!text.empty() && text.size() + 1 + column.size() > kMaxParamBytes) put();
    absl::StrAppend(&text, text.empty() ? "" : ",", column);
  }
  put();
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
  const CircuitConfig& circuit = job.circuit;
  const Hyperparameters& given = circuit.hyperparameters;
  ExperimentRunStart start{
      .experiment_id = CircuitAssetId(circuit.plant_id, circuit.circuit_id),
      .run_id = ExperimentRunId(job.name, job.lease_epoch),
      .display_name =
          ExperimentRunDisplayName(job.run.spec.pull_request_number, circuit.cutoff_date),
      .params = {{"sequence_length", absl::StrCat(given.sequence_length)},
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
                 {"cutoff_date", circuit.cutoff_date},
                 {"training_hash", circuit.training_hash}},
      .tags = {{"training_job", JobResource(job.name)},
               {"attempt", absl::StrCat(job.attempt_count)},
               {"replica", job.replica},
               {"environment", job.environment()},
               {"git_commit_sha", job.run.commit},
               {"engine", forecast::ThisEngine().Text()}}};
  if (circuit.minimum) start.params["minimum"] = Number(*circuit.minimum);
  if (circuit.maximum) start.params["maximum"] = Number(*circuit.maximum);
  if (circuit.calendar) start.params["time_zone"] = circuit.calendar->time_zone;
  AddColumns(circuit.feature_columns, start.params);
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

NewModelVersion DescribeVersion(const HeldJob& job, const forecast::TrainedModel& trained,
                                absl::Time trained_at) {
  const CircuitConfig& circuit = job.circuit;
  const forecast::Metrics& test = trained.test;
  const int pull_request = job.run.spec.pull_request_number;
  NewModelVersion version;
  version.training_job = JobResource(job.name);
  version.environment_version =
      absl::StrCat("environments/custom-lstm-env/versions/", circuit.environment_version);
  version.tags = {
      {"plant_id", circuit.plant_id},
      {"circuit_id", circuit.circuit_id},
      {"cutoff_date", circuit.cutoff_date},
      {"sensor_id", circuit.sensor_id},
      {"environment_version", circuit.environment_version},
      {"pr_number", pull_request > 0 ? absl::StrCat(pull_request) : ""},
      {"pr_author", job.run.spec.pull_request_author},
      {"git_commit_sha", job.run.commit},
      {"hyperparameters_hash", HyperparametersHash(circuit.hyperparameters)},
      {"training_hash", circuit.training_hash},
      {"mae", Number(test.mae)},
      {"rmse", Number(test.rmse)},
      {"r2", Number(test.r2)},
      {"trained_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", trained_at, absl::UTCTimeZone())},
      {"engine", forecast::ThisEngine().Text()},
      {"uses_calendar", trained.uses_calendar ? "true" : "false"},
      {"members", MembersTag(trained.members)},
      {"remarks", RemarksTag(trained.remarks)}};
  version.metrics = {{"mae", test.mae},
                     {"rmse", test.rmse},
                     {"r2", test.r2},
                     {"mae_repeat_last", test.mae_repeat_last},
                     {"mae_seasonal_naive", test.mae_seasonal_naive},
                     {"skill_vs_repeat_last", test.skill_vs_repeat_last},
                     {"skill_vs_seasonal_naive", test.skill_vs_seasonal_naive},
                     {"skill", test.skill()},
                     {"test_windows", static_cast<double>(test.windows)},
                     {"validation_mae", trained.validation.mae},
                     {"best_epoch", trained.best_epoch}};
  return version;
}

}  // namespace fleetcast::trainer
