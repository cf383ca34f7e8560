#include "common/forecast/training_record.h"

#include <nlohmann/json.hpp>

namespace fleetcast::forecast {
namespace {

using Json = nlohmann::json;

Json ErrorsJson(const ForecastErrors& errors) {
  return {{"mae", errors.mae},
          {"rmse", errors.rmse},
          {"r2", errors.r2},
          {"mase", errors.mase},
          {"mae_repeat_last", errors.mae_repeat_last},
          {"rmse_repeat_last", errors.rmse_repeat_last},
          {"mae_seasonal_naive", errors.mae_seasonal_naive},
          {"rmse_seasonal_naive", errors.rmse_seasonal_naive},
          {"skill_vs_repeat_last", errors.skill_vs_repeat_last},
          {"skill_vs_seasonal_naive", errors.skill_vs_seasonal_naive}};
}

Json MetricsJson(const Metrics& metrics) {
  Json json = ErrorsJson(metrics);
  json["windows"] = metrics.windows;
  json["coverage"] = Json::array();
  for (const Coverage& each : metrics.coverage) {
    json["coverage"].push_back({{"level", each.level}, {"share", each.share}});
  }
  json["by_step"] = Json::array();
  for (const ForecastErrors& step : metrics.by_step) json["by_step"].push_back(ErrorsJson(step));
  return json;
}

Json MembersJson(const std::vector<MemberShare>& members) {
  Json json = Json::array();
  for (const MemberShare& each : members) {
    json.push_back(
        {{"name", each.name}, {"weight", each.weight}, {"validation_mae", each.validation_mae}});
  }
  return json;
}

Json RemarksJson(const std::vector<Remark>& remarks) {
  Json json = Json::array();
  for (const Remark& each : remarks) {
    json.push_back(
        {{"kind", each.kind}, {"column", each.column}, {"count", each.count}, {"text", each.text}});
  }
  return json;
}

Json RowsJson(const RowRange& rows) { return {{"begin", rows.begin}, {"end", rows.end}}; }

}  // namespace

std::string TrainingRecord(const DataSpan& data, const TrainedModel& trained) {
  const Engine engine = ThisEngine();
  const Json json = {
      {"library_version", engine.version},
      {"engine",
       {{"libtorch", engine.libtorch}, {"kernels", engine.kernels}, {"device", engine.device}}},
      {"data",
       {{"rows", data.rows},
        {"first_unix_seconds", data.first_unix_seconds},
        {"last_unix_seconds", data.last_unix_seconds}}},
      {"split",
       {{"train", RowsJson(trained.train_rows)},
        {"validation", RowsJson(trained.validation_rows)},
        {"test", RowsJson(trained.test_rows)}}},
      {"uses_calendar", trained.uses_calendar},
      {"members", MembersJson(trained.members)},
      {"remarks", RemarksJson(trained.remarks)},
      {"best_epoch", trained.best_epoch},
      {"epochs", trained.history.size()},
      {"metrics",
       {{"validation", MetricsJson(trained.validation)}, {"test", MetricsJson(trained.test)}}}};
  return json.dump();
}

}  // namespace fleetcast::forecast
