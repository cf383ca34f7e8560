#include "services/trainer/adapters/registry_messages.h"

namespace fleetcast::trainer {

namespace v1 = registry::v1;

v1::MetricPoint MessageOf(const MetricValue& metric) {
  v1::MetricPoint message;
  message.set_key(metric.key);
  message.set_value(metric.value);
  message.set_step(metric.step);
  return message;
}

v1::Run::State MessageOf(ExperimentRunEnd end) {
  switch (end) {
    case ExperimentRunEnd::kFinished:
      return v1::Run::STATE_FINISHED;
    case ExperimentRunEnd::kFailed:
      return v1::Run::STATE_FAILED;
    case ExperimentRunEnd::kKilled:
      break;
  }
  return v1::Run::STATE_KILLED;
}

v1::DataAssetVersion MessageOf(const DataAsset& asset) {
  v1::DataAssetVersion message;
  message.set_sensor_id(asset.sensor_id);
  message.set_source_uri(asset.source_uri);
  message.set_fingerprint(asset.fingerprint);
  message.set_row_count(asset.row_count);
  message.mutable_first_time()->set_seconds(asset.first_unix_seconds);
  message.mutable_last_time()->set_seconds(asset.last_unix_seconds);
  message.set_step_seconds(asset.step_seconds);
  for (const DataColumn& column : asset.columns) {
    v1::ColumnStatistics& statistics = *message.add_columns();
    statistics.set_column(column.name);
    statistics.set_minimum(column.minimum);
    statistics.set_maximum(column.maximum);
    statistics.set_mean(column.mean);
    statistics.set_standard_deviation(column.standard_deviation);
    statistics.set_missing_count(column.missing_count);
  }
  for (const DataIrregularity& irregularity : asset.issues) {
    v1::DataIssue& issue = *message.add_issues();
    issue.set_kind(irregularity.kind);
    issue.set_column(irregularity.column);
    issue.set_count(irregularity.count);
    issue.set_message(irregularity.message);
  }
  message.set_ml_table(asset.ml_table);
  return message;
}

PinnedData PinnedDataOf(const v1::DataAssetVersion& message) {
  PinnedData pinned{.version = message.name(), .changes = {}};
  for (const v1::DataDifference& difference : message.differences()) {
    const auto kind = difference.kind();
    // That another sensor or other columns are read is what somebody has configured.
    if (kind != v1::DataDifference::KIND_LATE_READINGS &&
        kind != v1::DataDifference::KIND_LOST_READINGS &&
        kind != v1::DataDifference::KIND_CORRECTED_READINGS)
      continue;
    const std::string word = v1::DataDifference::Kind_Name(kind);
    pinned.changes.push_back({.kind = word.substr(word.find('_') + 1),
                              .count = difference.count(),
                              .message = difference.message()});
  }
  return pinned;
}

v1::ModelVersion MessageOf(const NewModelVersion& version) {
  v1::ModelVersion message;
  message.mutable_tags()->insert(version.tags.begin(), version.tags.end());
  message.mutable_metrics()->insert(version.metrics.begin(), version.metrics.end());
  message.set_artifact_sha256(version.artifact_sha256);
  message.set_run(version.run);
  message.set_data_asset_version(version.data_asset_version);
  message.set_environment_version(version.environment_version);
  message.set_training_job(version.training_job);
  return message;
}

RegisteredVersion VersionOf(const v1::ModelVersion& message) {
  return {.name = message.name(),
          .number = message.version(),
          .artifact_sha256 = message.artifact_sha256(),
          .run = message.run(),
          .tags = {message.tags().begin(), message.tags().end()},
          .metrics = {message.metrics().begin(), message.metrics().end()}};
}

}  // namespace fleetcast::trainer
