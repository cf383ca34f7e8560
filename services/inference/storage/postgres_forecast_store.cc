#include "services/inference/storage/postgres_forecast_store.h"

#include <utility>
#include <vector>

#include "services/inference/storage/forecast_query.h"
#include "services/inference/storage/forecast_rows.h"

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

}  // namespace fleetcast::inference
