#include <algorithm>
#include <iterator>
#include <tuple>

#include "services/inference/domain/list_filter.h"
#include "tests/support/inference/fake_ledger.h"

namespace fleetcast::inference {

absl::StatusOr<PageOf<Forecast>> FakeForecastStore::List(const ForecastQuery& query,
                                                         const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared, PrepareFilter(query.filter, kForecastFilterFields,
                                                                {"issue_time", "create_time"}));
  absl::MutexLock lock(&ledger_.mutex);
  std::vector<Forecast> forecasts;
  for (const auto& [key, forecast] : ledger_.forecasts) {
    const CircuitId& circuit = forecast.circuit;
    if (!query.circuit.plant_id.empty() && query.circuit.plant_id != circuit.plant_id) continue;
    if (!query.circuit.circuit_id.empty() && query.circuit.circuit_id != circuit.circuit_id) {
      continue;
    }
    const auto next = std::next(ledger_.forecasts.find(key));
    const bool latest = next == ledger_.forecasts.end() || std::get<0>(next->first) != circuit;
    if (query.latest_only && !latest) continue;
    const auto value_of = [&](const std::string& field) -> std::optional<std::string> {
      if (field == "issue_time") return FilterTime(forecast.issue_time);
      if (field == "create_time") return FilterTime(forecast.create_time);
      if (field == "model_version") return ModelVersionResource(forecast.model_version);
      return InvocationResource({forecast.sweep_id, circuit});
    };
    if (!prepared || Matches(*prepared, value_of)) forecasts.push_back(forecast);
  }
  const auto earlier = [](const Forecast& left, const Forecast& right) {
    return std::make_tuple(right.issue_time, left.circuit, right.model_version) <
           std::make_tuple(left.issue_time, right.circuit, left.model_version);
  };
  std::sort(forecasts.begin(), forecasts.end(), earlier);
  PageOf<Forecast> answer;
  bool begun = page.after.empty();
  for (const Forecast& forecast : forecasts) {
    if (answer.items.size() == static_cast<std::size_t>(page.size)) {
      answer.next_after = PageKeyOf(answer.items.back());
      break;
    }
    if (begun) {
      answer.items.push_back(forecast);
      if (!query.all_steps && forecast.horizon > 0) answer.items.back().points.resize(1);
    }
    begun = begun || PageKeyOf(forecast) == page.after;
  }
  return answer;
}

}  // namespace fleetcast::inference
