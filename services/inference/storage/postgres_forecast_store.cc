#include "services/inference/storage/postgres_forecast_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/inference/storage/first_answer.h"
#include "services/inference/storage/forecast_query.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kWithdraw[] =
    "UPDATE inference.forecasts SET withdraw_time = now(), withdraw_actor = $5,"
    " withdraw_reason = $6 WHERE plant_id = $1 AND circuit_id = $2 AND issue_time "
    "= " FLEETCAST_TIME("$3") " AND model_version = $4::bigint AND withdraw_time IS NULL";

const char kDeleteLatest[] =
    "DELETE FROM inference.latest_forecasts WHERE plant_id = $1 AND circuit_id = $2"
    " AND issue_time = " FLEETCAST_TIME("$3") " AND model_version = $4::bigint"
    " AND EXISTS (SELECT FROM inference.forecasts f WHERE f.plant_id = $1 AND f.circuit_id = $2"
    "  AND f.issue_time = " FLEETCAST_TIME("$3") " AND f.model_version = $4::bigint"
    "  AND f.withdraw_time IS NOT NULL)";

// The newest of the circuit's that stand, if there is one.
const char kNextLatest[] =
    R"(
  INSERT INTO inference.latest_forecasts (plant_id, circuit_id, issue_time, model_version,
    target_column, sweep_id, create_time, interval_levels, target_times, point_values, lower_bounds,
    upper_bounds, remarks, source, source_reason, fallback_since)
  SELECT plant_id, circuit_id, issue_time, model_version, target_column, sweep_id, create_time,
    interval_levels, target_times, point_values, lower_bounds, upper_bounds, remarks, source,
    source_reason, CASE WHEN source <> 'DEPLOYED_VERSION' THEN create_time END
  FROM inference.forecasts f
  WHERE plant_id = $1 AND circuit_id = $2 AND withdraw_time IS NULL
  ORDER BY )" FLEETCAST_NEWEST_FIRST("f.") " LIMIT 1 ON CONFLICT DO NOTHING";

std::vector<std::string> KeyOf(const ForecastName& name) {
  return {name.circuit.plant_id, name.circuit.circuit_id, MicrosOf(name.issue_time),
          absl::StrCat(name.model_version)};
}

absl::StatusOr<Forecast> Select(pqxx::work& work, const ForecastName& name) {
  // What is dropped for its age stays where it is the latest.
  for (const char* table : {"forecasts", "latest_forecasts"}) {
    const pqxx::result rows =
        Run(work,
            absl::StrCat("SELECT ", ForecastColumns(/*all_steps=*/true), " FROM inference.", table,
                         " f WHERE f.plant_id = $1 AND f.circuit_id = $2 AND f.issue_time = ",
                         FLEETCAST_TIME("$3"), " AND f.model_version = $4::bigint"),
            KeyOf(name));
    if (!rows.empty()) return ForecastOf(rows[0]);
  }
  return ForecastNotFound(name);
}

}  // namespace

absl::StatusOr<PageOf<Forecast>> PostgresForecastStore::List(const ForecastQuery& query,
                                                             const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const ForecastStatement statement,
                             ListForecastsStatement(query, page));
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Forecast>> {
    std::vector<Forecast> forecasts;
    for (const pqxx::row& row : statement.parameters.Run(work, statement.sql)) {
      forecasts.push_back(ForecastOf(row));
    }
    return CutPage(std::move(forecasts), page);
  });
}

absl::StatusOr<Forecast> PostgresForecastStore::Get(const ForecastName& name) {
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) { return Select(work, name); });
}

absl::StatusOr<Forecast> PostgresForecastStore::Withdraw(const MutatingRequest& request,
                                                         const ForecastName& name,
                                                         const std::string& actor,
                                                         const std::string& reason) {
  return AnswerOnce(pool_, request, [&](pqxx::work& work) -> absl::StatusOr<Forecast> {
    std::vector<std::string> key = KeyOf(name);
    key.push_back(actor);
    key.push_back(reason);
    Run(work, kWithdraw, key);
    // Of who stores a forecast of the circuit meanwhile, one waits for the other.
    key.resize(4);
    if (Run(work, kDeleteLatest, key).affected_rows() > 0) {
      key.resize(2);
      Run(work, kNextLatest, key);
    }
    return Select(work, name);
  });
}

}  // namespace fleetcast::inference
