// How stored forecasts are listed: statements that read what a page returns, whatever the tables
// hold and however far the page is from the first.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/inference/domain/forecast_store.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {

struct ForecastStatement {
  std::string sql;
  Parameters parameters;
};

// For up to `page.size` + 1 rows as ForecastOf reads them.
[[nodiscard]] absl::StatusOr<ForecastStatement> ListForecastsStatement(const ForecastQuery& query,
                                                                       const PageRequest& page);

}  // namespace fleetcast::inference
