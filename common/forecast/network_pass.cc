#include "common/forecast/network_pass.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace fleetcast::forecast {
namespace {

const Kernels<float>& BestKernels() { return *AvailableKernels().front(); }

LstmShape LstmShapeOf(const NetworkShape& shape) {
  return {.steps = shape.steps, .channels = shape.channels, .units = shape.units};
}

template <typename Value>
LstmWeights<Value> LstmWeightsAt(const LstmShape& shape, const std::vector<std::size_t>& offsets,
                                 Value* parameters) {
  return LstmWeights<Value>::Stacked(shape, parameters + offsets[kInput],
                                     parameters + offsets[kRecurrent],
                                     parameters + offsets[kGateBias]);
}

LstmWeights<const float> LstmPart(const WeightView& weights) {
  return {.input = weights.input, .recurrent = weights.recurrent, .bias = weights.bias};
}

void Multiply(std::vector<float>& values, const std::vector<float>& by) {
  for (std::size_t i = 0; i < by.size(); ++i) values[i] *= by[i];
}

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

WeightView ViewOf(const NetworkShape& shape, const std::vector<std::size_t>& offsets,
                  const float* parameters) {
  const LstmWeights<const float> lstm = LstmWeightsAt(LstmShapeOf(shape), offsets, parameters);
  return {.input = lstm.input,
          .recurrent = lstm.recurrent,
          .bias = lstm.bias,
          .head = parameters + offsets[kHead],
          .head_bias = parameters + offsets[kHeadBias],
          .linear = parameters + offsets[kLinear]};
}

NetworkPass::NetworkPass(const NetworkShape& shape)
    : shape_(shape),
      offsets_(WeightOffsets(shape)),
      lstm_shape_(LstmShapeOf(shape)),
      lstm_(BestKernels(), lstm_shape_),
      head_(BestKernels(), shape.units, shape.horizon),
      linear_(BestKernels(), shape.extras, shape.horizon) {}

const std::vector<float>& NetworkPass::Predict(const WeightView& weights, const Batch& batch) {
  state_.resize(batch.size * static_cast<std::size_t>(shape_.units));
  lstm_.Predict(LstmPart(weights), batch.sequence.data(), static_cast<std::ptrdiff_t>(batch.size),
                state_.data());
  Heads(weights, batch);
  return output_;
}

const std::vector<float>& NetworkPass::Forward(const float* parameters, const Batch& batch,
                                               const std::vector<float>& keep) {
  const WeightView view = ViewOf(shape_, offsets_, parameters);
  state_.resize(batch.size * static_cast<std::size_t>(shape_.units));
  lstm_.Forward(LstmPart(view), batch.sequence.data(), static_cast<std::ptrdiff_t>(batch.size),
                state_.data());
  Multiply(state_, keep);
  Heads(view, batch);
  return output_;
}

void NetworkPass::Heads(const WeightView& weights, const Batch& batch) {
  const auto rows = static_cast<std::ptrdiff_t>(batch.size);
  output_.assign(batch.size * static_cast<std::size_t>(shape_.horizon), 0);
  head_.Forward(weights.head, weights.head_bias, state_.data(), rows, output_.data());
  linear_.Forward(weights.linear, /*bias=*/nullptr, batch.extras.data(), rows, output_.data());
}

void NetworkPass::Backward(const float* parameters, const std::vector<float>& output_gradient,
                           const std::vector<float>& keep, float* gradients) {
  state_gradient_.resize(state_.size());
  head_.Backward(parameters + offsets_[kHead], output_gradient.data(), gradients + offsets_[kHead],
                 gradients + offsets_[kHeadBias], state_gradient_.data());
  linear_.Backward(parameters + offsets_[kLinear], output_gradient.data(),
                   gradients + offsets_[kLinear], /*bias_gradient=*/nullptr,
                   /*input_gradient=*/nullptr);
  Multiply(state_gradient_, keep);
  lstm_.Backward(LstmWeightsAt(lstm_shape_, offsets_, parameters), state_gradient_.data(),
                 LstmWeightsAt(lstm_shape_, offsets_, gradients));
}

}  // namespace fleetcast::forecast
