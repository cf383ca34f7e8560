// Forecasts as rows.
#pragma once

#include <pqxx/pqxx>

#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Writes the forecast over the one of the same circuit, issue time and model version, point by
// point: no reader sees a mixture, and no step is left over or missing.
void UpsertForecast(pqxx::work& work, const Forecast& forecast);

}  // namespace fleetcast::inference
