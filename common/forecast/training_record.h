// What a model was trained on and how well it did, for those who read its model.json.
#pragma once

#include <string>

#include "common/base/time_series.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

// JSON text: the series' rows and times, the split, the best epoch, the metrics of validation and
// test, and the library's version.
[[nodiscard]] std::string TrainingRecord(const TimeSeries& series, const TrainedModel& trained);

}  // namespace fleetcast::forecast
