// Forecasts as rows: stored, and read back. Who stores them does so in the transaction that ends
// their invocations.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Of two forecasts of a circuit, in SQL, the one of the greater rank is newer, and of two of the
// same rank the one that was made later: from later readings; not a naive one; by the version in
// service. `row` is "f." or the like.
#define FLEETCAST_SERVES(row)                                                             \
  "(" row                                                                                 \
  "model_version IS NOT DISTINCT FROM (SELECT d.model_version FROM inference.deployments" \
  " d WHERE d.plant_id = " row "plant_id AND d.circuit_id = " row "circuit_id))"
#define FLEETCAST_RANK(row) \
  "(" row "issue_time, " row "model_version > 0, " FLEETCAST_SERVES(row) ")"
#define FLEETCAST_NEWEST_FIRST(row)                                                           \
  row "issue_time DESC, " row                                                                 \
      "model_version > 0 DESC, " FLEETCAST_SERVES(row) " DESC, " row "create_time DESC, " row \
                                                       "model_version DESC"

// Stores all of them, each over the one of the same circuit, issue time and model version, and
// moves `latest_forecasts` forward; one that is not newer than what is there, but from the same
// readings, leaves there when it was made. Of two with the same key the later one stands. Every
// point has as many bounds as the forecast has interval levels. Rows are locked in order of
// circuit, so that concurrent calls do not wait for each other in a circle.
void StoreForecasts(pqxx::work& work, const std::vector<Forecast>& forecasts);

// What ForecastOf reads of a row `f` of forecasts or latest_forecasts: all steps, or the first one.
[[nodiscard]] std::string ForecastColumns(bool all_steps);
[[nodiscard]] Forecast ForecastOf(const pqxx::row& row);

}  // namespace fleetcast::inference
