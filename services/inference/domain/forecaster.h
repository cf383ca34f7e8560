// Port: makes an invocation's forecast. Implementations: ModelForecaster (sensor data, the
// registry's artifacts, LibTorch), FakeForecaster.
#pragma once

#include "absl/status/statusor.h"
#include "services/inference/domain/attempt.h"
#include "services/inference/domain/forecast.h"

namespace fleetcast::inference {

// Thread safe.
class Forecaster {
 public:
  virtual ~Forecaster() = default;
  // Asks `attempt` between its steps, and returns its error as it is. Other errors carry the
  // reasons that ClassifyFailure knows.
  [[nodiscard]] virtual absl::StatusOr<Forecast> Make(const Invocation& invocation,
                                                      const Attempt& attempt) = 0;
};

}  // namespace fleetcast::inference
