#include "common/forecast/network_pass.h"

#include <functional>
#include <numeric>

namespace fleetcast::forecast {
namespace {

const Kernels<float>& BestKernels() { return *AvailableKernels().front(); }

}  // namespace

std::vector<std::size_t> WeightOffsets(const NetworkShape& shape) {
  std::vector<std::size_t> offsets = {0};
  for (const WeightShape& weight : Network::WeightShapes(shape)) {
    const std::int64_t count = std::accumulate(weight.sizes.begin(), weight.sizes.end(),
                                               std::int64_t{1}, std::multiplies<>());
    offsets.push_back(offsets.back() + static_cast<std::size_t>(count));
  }
  return offsets;
}

NetworkPass::NetworkPass(const NetworkShape& shape)
    : shape_(shape),
      lstm_(BestKernels(),
            {.steps = shape.steps, .channels = shape.channels, .units = shape.units}),
      head_(BestKernels(), shape.units, shape.horizon),
      linear_(BestKernels(), shape.extras, shape.horizon) {}

const std::vector<float>& NetworkPass::Predict(const WeightView& weights, const Batch& batch) {
  const auto rows = static_cast<std::ptrdiff_t>(batch.size);
  output_.assign(batch.size * static_cast<std::size_t>(shape_.horizon), 0);
  linear_.Forward(weights.linear, weights.linear_bias, batch.extras.data(), rows, output_.data());
  if (shape_.steps == 0) return output_;
  state_.resize(batch.size * static_cast<std::size_t>(shape_.units));
  lstm_.Predict({.input = weights.input, .recurrent = weights.recurrent, .bias = weights.bias},
                batch.sequence.data(), rows, state_.data());
  head_.Forward(weights.head, weights.head_bias, state_.data(), rows, output_.data());
  return output_;
}

}  // namespace fleetcast::forecast
