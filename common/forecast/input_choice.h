// Which inputs a model has, and where its training starts.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/model_state.h"
#include "common/forecast/training_progress.h"

namespace fleetcast::forecast {

struct Windows {
  std::vector<std::size_t> train, validation, test;  // origins
};

// Mean absolute errors on scaled values, over all steps of the first and the second half of some
// windows.
struct Losses {
  double first = 0, second = 0;
  [[nodiscard]] double all() const { return (first + second) / 2; }
};

[[nodiscard]] absl::StatusOr<Losses> LossesOver(const std::vector<std::size_t>& origins,
                                                const Network& network, const InputTable& table,
                                                Heartbeat& heartbeat);

struct InputChoice {
  const TimeSeries& series;
  const ModelSpec& spec;
  const InputLayout& layout;  // with all that may become an input
  const Scaling& scaling;
  const Windows& windows;
};

// Inputs have to earn their place: ridge regression with and without them is judged on the
// validation windows, quickly and without luck. The days before the sequence are kept if they lower
// the error, the other columns, which overfit more easily, only if they lower it by 0.5% in each
// half of the validation part. The network that is returned has the regression for its linear path.
[[nodiscard]] absl::StatusOr<ModelParts> ChooseInputs(const InputChoice& choice,
                                                      Heartbeat& heartbeat);

}  // namespace fleetcast::forecast
