// Forecasts' remarks as JSON, as their rows and first answers have them.
#pragma once

#include "common/base/json.h"
#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ForecastRemark, kind, column, count, text)

}  // namespace fleetcast::inference
