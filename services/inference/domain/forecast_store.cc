#include "services/inference/domain/forecast_store.h"

#include "absl/strings/str_cat.h"

namespace fleetcast::inference {

const FilterFields& ForecastFilterFields() {
  static const FilterFields fields = {{"issue_time", FilterKind::kTime},
                                      {"create_time", FilterKind::kTime},
                                      {"model_version"},
                                      {"invocation"}};
  return fields;
}

std::vector<std::string> PageKeyOf(const Forecast& forecast) {
  return {absl::StrCat(absl::ToUnixMicros(forecast.issue_time)), forecast.circuit.plant_id,
          forecast.circuit.circuit_id, absl::StrCat(forecast.model_version)};
}

}  // namespace fleetcast::inference
