#include "services/inference/storage/postgres_forecast_store.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/inference/storage/forecast_query.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {

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
  return db::ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<Forecast> {
    const std::vector<std::string> key = {name.circuit.plant_id, name.circuit.circuit_id,
                                          MicrosOf(name.issue_time),
                                          absl::StrCat(name.model_version)};
    // What is dropped for its age stays where it is the latest.
    for (const char* table : {"forecasts", "latest_forecasts"}) {
      const pqxx::result rows = Run(
          work,
          absl::StrCat("SELECT ", ForecastColumns(/*all_steps=*/true), " FROM inference.", table,
                       " f WHERE f.plant_id = $1 AND f.circuit_id = $2 AND f.issue_time = ",
                       FLEETCAST_TIME("$3"), " AND f.model_version = $4::bigint"),
          key);
      if (!rows.empty()) return ForecastOf(rows[0]);
    }
    return ForecastNotFound(name);
  });
}

}  // namespace fleetcast::inference
