// The linear members of a model: ridge regressions on nested stretches of the past, all from one
// look at the training windows.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/inputs.h"
#include "common/forecast/training_progress.h"

namespace fleetcast::forecast {

struct LinearMember {
  std::string name;  // for people: what it looks at
  double penalty = 0;
  double prior = 0;            // see combination.h
  std::vector<float> weights;  // [horizon, extras]: of the linear path's inputs
  std::vector<float> bias;     // [horizon]
};

// Of windows' extras [windows, inputs]: [windows, horizon].
[[nodiscard]] std::vector<float> ForecastWith(const LinearMember& member,
                                              const std::vector<float>& extras, int inputs);

struct LinearTraining {
  const InputTable& table;
  const InputLayout& layout;
  int columns = 1;                        // whose levels are inputs
  const std::vector<std::size_t>& train;  // origins
  // Of the windows that penalties are chosen on: [windows, extras], and [windows, horizon] with NaN
  // where there is no reading.
  const std::vector<float>& choosing_extras;
  const std::vector<float>& choosing_targets;
};

// The newest rows with the same hours of the days before; the newest 96, 336 and 720 rows, as far
// as the layout reaches; the first again with all columns' levels where the layout has them; and
// the forecast that repeats the last day. A target without a reading is taken for what stands in
// for it. Each regression's penalty is the best of three. TRAINING_CANCELLED.
[[nodiscard]] absl::StatusOr<std::vector<LinearMember>> FitLinearMembers(
    const LinearTraining& training, Heartbeat& heartbeat);

}  // namespace fleetcast::forecast
