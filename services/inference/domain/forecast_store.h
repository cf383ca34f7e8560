// Port: stored forecasts, to be read. Implementation: PostgresForecastStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

struct ForecastQuery {
  CircuitId circuit;             // an empty id means all
  std::optional<Filter> filter;  // checked against ForecastFilterFields
  bool latest_only = false;      // the newest of each circuit, chosen before the filter
  // The newest of each circuit at this time, likewise, by plant and circuit.
  std::optional<absl::Time> as_of = {};
  bool all_steps = true;  // false: `points` holds the first step only
};

// Thread safe. May return UNAVAILABLE.
class ForecastStore {
 public:
  virtual ~ForecastStore() = default;
  // Latest issue time first, then by plant and circuit, then newest version first; with `as_of` by
  // plant and circuit. next_after is {issue time in µs, plant id, circuit id, model version}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Forecast>> List(const ForecastQuery& query,
                                                              const PageRequest& page) = 0;
  // NOT_FOUND, also for one that has been dropped for its age.
  [[nodiscard]] virtual absl::StatusOr<Forecast> Get(const ForecastName& name) = 0;
  // Marks it; the newest of the circuit's others that stand is its latest then. One that is
  // withdrawn stays as it is. A repeated request gets its first answer. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Forecast> Withdraw(const MutatingRequest& request,
                                                          const ForecastName& name,
                                                          const std::string& actor,
                                                          const std::string& reason) = 0;
};

// What List can be filtered by.
[[nodiscard]] const FilterFields& ForecastFilterFields();

[[nodiscard]] absl::Status ForecastNotFound(const ForecastName& name);

// The sort key of `forecast`, to continue a list after it.
[[nodiscard]] std::vector<std::string> PageKeyOf(const Forecast& forecast);

}  // namespace fleetcast::inference
