// Stored forecasts scored as readings come. Who stores forecasts scores earlier ones in the same
// transaction, of the readings that the new ones were made from.
#pragma once

#include <pqxx/pqxx>
#include <vector>

#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Of so many earlier forecasts at most a circuit's new readings are scored, evenly spread over
// those that reach them and others each time, so that what it costs does not grow with the horizon.
inline constexpr int kForecastsScored = 8;

// Holds readings that are newer than those scored before against the forecasts that the deployed
// version made of them, and keeps what comes of it (live_accuracy.h). Each reading counts once: to
// be called after StoreForecasts, whose locks keep others from the same circuits until the end of
// the transaction. Not scored are readings up to the version's cutoff date, which it was trained
// on, forecasts of other versions, those withdrawn, and what stood in. Three round trips at most,
// one where nothing is new.
void ScoreForecasts(pqxx::work& work, const std::vector<Forecast>& forecasts);

}  // namespace fleetcast::inference
