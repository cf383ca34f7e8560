// Runs between rows and the domain.
#pragma once

#include <map>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/db/filter_sql.h"
#include "services/registry/domain/run.h"

namespace fleetcast::registry {

// What RunOf reads, for a SELECT from registry.runs.
inline constexpr char kRunColumns[] =
    "position, experiment_id, run_id, display_name, state, state_reason, params, tags,"
    " latest_metrics, (extract(epoch FROM create_time) * 1000000)::bigint AS create_time,"
    " (extract(epoch FROM end_time) * 1000000)::bigint AS end_time";

[[nodiscard]] Run RunOf(const pqxx::row& row);

// {"loss": {"value": 0.1, "step": 3, "time": 1765238400000000}}
[[nodiscard]] std::string LatestMetricsJson(const std::map<std::string, MetricPoint>& latest);
// [{"key": "loss", "value": 0.1, "step": 3, "time": 1765238400000000}]
[[nodiscard]] std::string MetricsJson(const std::vector<MetricPoint>& points);

[[nodiscard]] absl::StatusOr<db::SqlField> RunSqlField(const std::string& field);

}  // namespace fleetcast::registry
