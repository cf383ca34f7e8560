#include "common/forecast/network.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <utility>

#include "common/forecast/network_state.h"

namespace fleetcast::forecast {
namespace {

// Uniform in [-bound, bound), the same with every standard library.
void FillUniform(float* values, std::size_t count, double bound, std::mt19937_64& generator) {
  for (std::size_t i = 0; i < count; ++i) {
    const double unit = static_cast<double>(generator() >> 11) * 0x1p-53;
    values[i] = static_cast<float>((2 * unit - 1) * bound);
  }
}

}  // namespace

std::vector<WeightShape> Network::WeightShapes(const NetworkShape& shape) {
  const std::int64_t gates = kGates * static_cast<std::int64_t>(shape.units);
  return {{"lstm.input", {gates, shape.channels}},
          {"lstm.recurrent", {gates, shape.units}},
          {"lstm.bias", {gates}},
          {"head.weight", {shape.horizon, shape.units}},
          {"head.bias", {shape.horizon}},
          {"linear.weight", {shape.horizon, shape.extras}}};
}

Network::Network(const NetworkShape& shape, std::uint64_t seed)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  state_->offsets = WeightOffsets(shape);
  state_->parameters.assign(state_->offsets.back(), 0);
  std::mt19937_64 generator(seed);
  const double bound = 1 / std::sqrt(static_cast<double>(shape.units));
  const auto units = static_cast<std::size_t>(shape.units);
  // The input and the recurrent weights, which follow one another.
  FillUniform(state_->parameters.data(), state_->offsets[kGateBias], bound, generator);
  // Gates are in the order input, forget, cell, output. The forget gate starts open.
  std::fill_n(state_->parameters.data() + state_->offsets[kGateBias] + units, units, 1.0F);
}

Network::Network(const NetworkShape& shape, const Weights& weights)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  state_->offsets = WeightOffsets(shape);
  state_->parameters.resize(state_->offsets.back());
  SetWeights(weights);
}

Network::Network(const NetworkShape& shape, const WeightView& weights,
                 std::shared_ptr<const void> owner)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  state_->offsets = WeightOffsets(shape);
  state_->mapped = weights;
  state_->owner = std::move(owner);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const NetworkShape& Network::shape() const { return state_->shape; }

std::vector<float> Network::Predict(const Batch& batch) const {
  std::unique_ptr<NetworkPass> pass = state_->passes.Take(state_->shape);
  std::vector<float> output = pass->Predict(state_->View(), batch);
  state_->passes.GiveBack(std::move(pass));
  return output;
}

Weights Network::CopyWeights() const {
  const WeightView view = state_->View();
  Weights copy(kWeightCount);
  const auto size = [&](std::size_t i) { return state_->offsets[i + 1] - state_->offsets[i]; };
  const auto append = [&](std::size_t i, const float* from, std::size_t count) {
    copy[i].insert(copy[i].end(), from, from + count);
  };
  for (std::size_t gate = 0; gate < kGates; ++gate) {
    append(kInput, view.input[gate], size(kInput) / kGates);
    append(kRecurrent, view.recurrent[gate], size(kRecurrent) / kGates);
    append(kGateBias, view.bias[gate], size(kGateBias) / kGates);
  }
  append(kHead, view.head, size(kHead));
  append(kHeadBias, view.head_bias, size(kHeadBias));
  append(kLinear, view.linear, size(kLinear));
  return copy;
}

void Network::SetWeights(const Weights& weights) {
  if (weights.size() != kWeightCount) {
    throw std::invalid_argument("wrong number of weight tensors");
  }
  state_->parameters.resize(state_->offsets.back());
  state_->owner.reset();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].size() != state_->offsets[i + 1] - state_->offsets[i]) {
      throw std::invalid_argument("wrong size of weight tensor " + std::to_string(i));
    }
    std::copy(weights[i].begin(), weights[i].end(), state_->parameters.data() + state_->offsets[i]);
  }
}

void Network::SetLinearPath(const std::vector<float>& weights) {
  if (weights.size() != state_->offsets[kLinear + 1] - state_->offsets[kLinear]) {
    throw std::invalid_argument("wrong number of weights for the linear path");
  }
  std::copy(weights.begin(), weights.end(), state_->parameters.data() + state_->offsets[kLinear]);
}

void Network::ScaleOutput(float factor) {
  // The head's weights and bias and the linear path's, which follow one another.
  std::for_each(state_->parameters.begin() + static_cast<std::ptrdiff_t>(state_->offsets[kHead]),
                state_->parameters.end(), [factor](float& weight) { weight *= factor; });
}

}  // namespace fleetcast::forecast
