// Forecasts as rows: stored, and read back. Who stores them does so in the transaction that ends
// their invocations.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Stores all of them in one round trip, each over the one of the same circuit, issue time and model
// version, and moves `latest_forecasts` forward. Of two with the same key the later one stands.
// Every point has as many bounds as the forecast has interval levels. Rows are locked in order of
// circuit, so that concurrent calls do not wait for each other in a circle.
void StoreForecasts(pqxx::work& work, const std::vector<Forecast>& forecasts);

// What ForecastOf reads of a row `f` of forecasts or latest_forecasts: all steps, or the first one.
[[nodiscard]] std::string ForecastColumns(bool all_steps);
[[nodiscard]] Forecast ForecastOf(const pqxx::row& row);

}  // namespace fleetcast::inference
