// Port: makes an invocation's forecast. Implementations: ModelForecaster (sensor data, the
// registry's artifacts, LibTorch), and those of tests.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/workqueue/hold.h"
#include "services/inference/domain/fallback.h"
#include "services/inference/domain/forecast.h"
#include "services/inference/domain/sweep.h"

namespace fleetcast::inference {

// Thread safe.
class Forecaster {
 public:
  virtual ~Forecaster() = default;
  // Asks `hold` between its steps whether to go on, and returns its StopStatus as it is. Other
  // errors carry the reasons that Classify knows.
  [[nodiscard]] virtual absl::StatusOr<Forecast> Make(const HeldInvocation& invocation,
                                                      const workqueue::Hold& hold) = 0;
  // What stands in for a forecast that Make did not make: not kNone. `why` is the failure that it
  // ended with, for people. The errors are of what was tried last.
  [[nodiscard]] virtual absl::StatusOr<Forecast> MakeStandIn(const HeldInvocation& invocation,
                                                             const workqueue::Hold& hold,
                                                             StandIn stand_in,
                                                             const std::string& why) = 0;
};

}  // namespace fleetcast::inference
