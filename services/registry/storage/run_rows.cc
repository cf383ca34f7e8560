#include "services/registry/storage/run_rows.h"

#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "services/registry/storage/rows.h"

namespace fleetcast::registry {
namespace {

using Json = nlohmann::json;

std::map<std::string, MetricPoint> LatestMetricsOf(const pqxx::field& field) {
  std::map<std::string, MetricPoint> latest;
  const Json json = Json::parse(field.as<std::string>(), nullptr, /*allow_exceptions=*/false);
  for (const auto& [key, point] : json.items()) {
    latest[key] = {.key = key,
                   .value = point.value("value", 0.0),
                   .step = point.value("step", std::int64_t{0}),
                   .time = absl::FromUnixMicros(point.value("time", std::int64_t{0}))};
  }
  return latest;
}

Json PointJson(const MetricPoint& point) {
  return {{"value", point.value}, {"step", point.step}, {"time", MicrosecondsOf(point.time)}};
}

}  // namespace

Run RunOf(const pqxx::row& row) {
  Run run;
  run.name = {row["experiment_id"].as<std::string>(), row["run_id"].as<std::string>()};
  run.display_name = row["display_name"].as<std::string>();
  run.state = RunStateFromText(row["state"].as<std::string>()).value_or(RunState::kRunning);
  run.state_reason = row["state_reason"].as<std::string>();
  run.params = StringMapOf(row["params"]);
  run.tags = StringMapOf(row["tags"]);
  run.latest_metrics = LatestMetricsOf(row["latest_metrics"]);
  run.create_time = TimeOf(row["create_time"]);
  if (!row["end_time"].is_null()) run.end_time = TimeOf(row["end_time"]);
  return run;
}

std::string LatestMetricsJson(const std::map<std::string, MetricPoint>& latest) {
  Json json = Json::object();
  for (const auto& [key, point] : latest) json[key] = PointJson(point);
  return json.dump();
}

std::string MetricsJson(const std::vector<MetricPoint>& points) {
  Json json = Json::array();
  for (const MetricPoint& point : points) {
    Json entry = PointJson(point);
    entry["key"] = point.key;
    json.push_back(std::move(entry));
  }
  return json.dump();
}

absl::StatusOr<db::SqlField> RunSqlField(const std::string& field) {
  if (field.starts_with("tags.")) return JsonTextField("tags", field.substr(5));
  if (field.starts_with("params.")) return JsonTextField("params", field.substr(7));
  if (field.rfind("metrics.", 0) == 0) {
    return db::SqlField{"(latest_metrics -> ? ->> 'value')::double precision", {field.substr(8)}};
  }
  return db::SqlField{.expression = field, .indexed = field == "state" || field == "create_time"};
}

}  // namespace fleetcast::registry
