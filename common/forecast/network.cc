#include "common/forecast/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <array>
#include <cmath>
#include <cstring>

#include "common/forecast/lstm.h"

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

constexpr double kGradientNorm = 1.0;
// Of the ridge regression, in units of the inputs' own size (they are scaled to about 1).
constexpr double kRidge = 0.01;
// Its cost grows with the square of the inputs.
constexpr std::int64_t kMostRidgeInputs = 2048;

enum WeightIndex { kInput, kRecurrent, kGateBias, kHead, kHeadBias, kLinear, kWeightCount };

at::Generator GeneratorOf(std::uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

// A view of `values`, which must outlive it and is not written to.
Tensor View(const std::vector<float>& values, at::IntArrayRef sizes) {
  return torch::from_blob(const_cast<float*>(values.data()), sizes, torch::kFloat32);
}

}  // namespace

struct Network::State {
  NetworkShape shape;
  std::vector<Tensor> weights;  // by WeightIndex

  // [size, steps]: channel 0 of a sequence of [steps, size, channels].
  [[nodiscard]] Tensor LinearInput(const Tensor& sequence, const Batch& batch) const {
    Tensor change = sequence.select(2, 0).t();
    if (shape.lags == 0) return change;
    const auto size = static_cast<std::int64_t>(batch.size);
    return torch::cat({change, View(batch.lags, {size, shape.lags})}, 1);
  }

  // The LSTM's state after the last step, [size, units].
  [[nodiscard]] Tensor LastState(const Tensor& sequence) const {
    return LastLstmState(sequence, weights[kInput], weights[kRecurrent], weights[kGateBias]);
  }

  // `keep` is [size, units], or undefined to keep all.
  [[nodiscard]] Tensor Forward(const Tensor& sequence, const Batch& batch,
                               const Tensor& keep) const {
    Tensor last = LastState(sequence);
    if (keep.defined()) last = last * keep;
    const Tensor head = torch::addmm(weights[kHeadBias], last, weights[kHead].t());
    return torch::addmm(head, LinearInput(sequence, batch), weights[kLinear].t());
  }

  [[nodiscard]] Tensor Sequence(const Batch& batch) const {
    return View(batch.sequence,
                {shape.steps, static_cast<std::int64_t>(batch.size), shape.channels});
  }
};

std::vector<WeightShape> Network::WeightShapes(const NetworkShape& shape) {
  const std::int64_t gates = 4 * static_cast<std::int64_t>(shape.units);
  return {{"lstm.input", {gates, shape.channels}},
          {"lstm.recurrent", {gates, shape.units}},
          {"lstm.bias", {gates}},
          {"head.weight", {shape.horizon, shape.units}},
          {"head.bias", {shape.horizon}},
          {"linear.weight", {shape.horizon, shape.steps + shape.lags}}};
}

Network::Network(const NetworkShape& shape, std::uint64_t seed)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  for (const WeightShape& weight : WeightShapes(shape)) {
    state_->weights.push_back(torch::zeros(weight.sizes));
  }
  at::Generator generator = GeneratorOf(seed);
  const double bound = 1 / std::sqrt(static_cast<double>(shape.units));
  // Closed channels keep weight zero until they are opened.
  state_->weights[kInput].narrow(1, 0, shape.own_channels).uniform_(-bound, bound, generator);
  state_->weights[kRecurrent].uniform_(-bound, bound, generator);
  // Gates are in the order input, forget, cell, output. The forget gate starts open.
  state_->weights[kGateBias].narrow(0, shape.units, shape.units).fill_(1);
}

Network::Network(const NetworkShape& shape, const Weights& weights)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  for (const WeightShape& weight : WeightShapes(shape)) {
    state_->weights.push_back(torch::empty(weight.sizes));
  }
  SetWeights(weights);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const NetworkShape& Network::shape() const { return state_->shape; }

std::vector<float> Network::Predict(const Batch& batch) const {
  const torch::NoGradGuard no_grad;
  const Tensor output =
      state_->Forward(state_->Sequence(batch), batch, /*keep=*/Tensor()).contiguous();
  const float* values = output.data_ptr<float>();
  return {values, values + output.numel()};
}

Weights Network::CopyWeights() const {
  Weights copy;
  for (const Tensor& weight : state_->weights) {
    const float* values = weight.data_ptr<float>();
    copy.emplace_back(values, values + weight.numel());
  }
  return copy;
}

void Network::SetWeights(const Weights& weights) {
  TORCH_CHECK(weights.size() == kWeightCount, "wrong number of weight tensors");
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Tensor& weight = state_->weights[i];
    TORCH_CHECK(static_cast<std::size_t>(weight.numel()) == weights[i].size(),
                "wrong size of weight tensor ", i);
    std::memcpy(weight.data_ptr<float>(), weights[i].data(), weights[i].size() * sizeof(float));
  }
}

struct NetworkTrainer::State {
  State(Network::State& network_state, const TrainerOptions& trainer_options)
      : network(network_state),
        options(trainer_options),
        masks(GeneratorOf(trainer_options.seed)),
        optimizer(network_state.weights, torch::optim::AdamOptions(trainer_options.learning_rate)),
        open(torch::zeros({network_state.shape.channels})) {
    open.narrow(0, 0, network.shape.own_channels).fill_(1);
  }

  Network::State& network;
  TrainerOptions options;
  at::Generator masks;
  torch::optim::Adam optimizer;
  Tensor open;  // [channels]: 1 where open, else 0
  // Of the linear fit: inputs' and inputs with targets' second moments, summed over the windows.
  Tensor gram, moments;
  double windows = 0;
};

NetworkTrainer::NetworkTrainer(Network& network, const TrainerOptions& options) {
  for (Tensor& weight : network.state_->weights) weight.requires_grad_(true);
  state_ = std::make_unique<State>(*network.state_, options);
}

NetworkTrainer::~NetworkTrainer() {
  for (Tensor& weight : state_->network.weights) {
    weight.mutable_grad().reset();
    weight.requires_grad_(false);
  }
}

void NetworkTrainer::AddToLinearFit(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const Network::State& network = state_->network;
  const auto size = static_cast<std::int64_t>(batch.size);
  const std::int64_t horizon = network.shape.horizon;
  const Tensor x = network.LinearInput(network.Sequence(batch), batch).to(torch::kFloat64);
  if (x.size(1) > kMostRidgeInputs) return;
  if (!state_->gram.defined()) {
    state_->gram = torch::zeros({x.size(1), x.size(1)}, torch::kFloat64);
    state_->moments = torch::zeros({x.size(1), horizon}, torch::kFloat64);
  }
  state_->gram.addmm_(x.t(), x);
  state_->moments.addmm_(x.t(), View(batch.targets, {size, horizon}).to(torch::kFloat64));
  state_->windows += static_cast<double>(size);
}

void NetworkTrainer::FitLinear() {
  if (!state_->gram.defined()) return;
  const torch::NoGradGuard no_grad;
  state_->gram.diagonal().add_(kRidge * state_->windows);
  const Tensor solution = torch::linalg_solve(state_->gram, state_->moments);
  state_->network.weights[kLinear].copy_(solution.t());
}

void NetworkTrainer::OpenAllChannels() { state_->open.fill_(1); }

void NetworkTrainer::SetLearningRate(double learning_rate) {
  for (auto& group : state_->optimizer.param_groups()) group.options().set_lr(learning_rate);
}

void NetworkTrainer::ResetMoments() { state_->optimizer.state().clear(); }

double NetworkTrainer::Step(const Batch& batch) {
  const Network::State& network = state_->network;
  const auto size = static_cast<std::int64_t>(batch.size);
  Tensor keep;
  if (const double dropout = state_->options.dropout; dropout > 0) {
    keep = torch::empty({size, network.shape.units})
               .bernoulli_(1 - dropout, state_->masks)
               .div_(1 - dropout);
  }
  state_->optimizer.zero_grad();
  const Tensor output = network.Forward(network.Sequence(batch) * state_->open, batch, keep);
  const Tensor targets = View(batch.targets, {size, network.shape.horizon});
  const Tensor loss = torch::l1_loss(output, targets);
  loss.backward();
  torch::nn::utils::clip_grad_norm_(network.weights, kGradientNorm);
  state_->optimizer.step();
  return loss.item<double>();
}

}  // namespace fleetcast::forecast
