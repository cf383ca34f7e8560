// Makes forecasts: the latest readings of the circuit's sensor, through its pinned model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/sensordata/sensor_source.h"
#include "services/inference/adapters/model_cache.h"
#include "services/inference/worker/forecaster.h"

namespace fleetcast::inference {

// Thread safe. References must outlive it.
class ModelForecaster final : public Forecaster {
 public:
  // `max_data_age`: see CheckFresh.
  ModelForecaster(sensordata::SensorSource& source, ModelCache& models, const Clock& clock,
                  absl::Duration max_data_age)
      : source_(source), models_(models), clock_(clock), max_data_age_(max_data_age) {}

  absl::StatusOr<Forecast> Make(const HeldInvocation& invocation,
                                const workqueue::Hold& hold) override;
  absl::StatusOr<Forecast> MakeStandIn(const HeldInvocation& invocation,
                                       const workqueue::Hold& hold, StandIn stand_in,
                                       const std::string& why) override;

 private:
  [[nodiscard]] absl::StatusOr<Forecast> MakeWith(const forecast::Model& model,
                                                  std::int64_t model_version,
                                                  const HeldInvocation& invocation,
                                                  const workqueue::Hold& hold);
  [[nodiscard]] absl::StatusOr<Forecast> MakeEarlier(const EarlierVersion& earlier,
                                                     const HeldInvocation& invocation,
                                                     const workqueue::Hold& hold);
  // All but its source_reason.
  [[nodiscard]] absl::StatusOr<Forecast> MakeNaive(const HeldInvocation& invocation);
  // The newest rows of the sensor on a grid; of a step that is found if `step_seconds` is 0.
  [[nodiscard]] absl::StatusOr<TimeSeries> ReadRows(const HeldInvocation& invocation,
                                                    const std::vector<std::string>& columns,
                                                    std::size_t rows, std::int64_t step_seconds);
  // Of when the forecast should tell what follows.
  [[nodiscard]] absl::Time DueTime(const HeldInvocation& invocation) const {
    return invocation.pin.as_of.value_or(clock_.Now());
  }

  sensordata::SensorSource& source_;
  ModelCache& models_;
  const Clock& clock_;
  const absl::Duration max_data_age_;
};

}  // namespace fleetcast::inference
