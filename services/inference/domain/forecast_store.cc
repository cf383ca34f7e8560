#include "services/inference/domain/forecast_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

const FilterFields& ForecastFilterFields() {
  static const FilterFields fields = {
      {"issue_time", FilterKind::kTime},
      {"create_time", FilterKind::kTime},
      {"model_version"},
      {.name = "source",
       .kind = FilterKind::kWord,
       .words = {"DEPLOYED_VERSION", "EARLIER_VERSION", "SEASONAL_NAIVE", "LAST_VALUE"},
       .word_prefix = "SOURCE_"},
      {"invocation"}};
  return fields;
}

absl::Status ForecastNotFound(const ForecastName& name) {
  return ResourceNotFound("Forecast",
                          ForecastResource(name.circuit, name.issue_time, name.model_version),
                          absl::StrCat("see `fleetcast forecast list ", name.circuit.plant_id, "/",
                                       name.circuit.circuit_id, " --history`"));
}

std::vector<std::string> PageKeyOf(const Forecast& forecast) {
  return {absl::StrCat(absl::ToUnixMicros(forecast.issue_time)), forecast.circuit.plant_id,
          forecast.circuit.circuit_id, absl::StrCat(forecast.model_version)};
}

}  // namespace fleetcast::inference
