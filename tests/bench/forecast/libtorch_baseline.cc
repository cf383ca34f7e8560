#include "tests/bench/forecast/libtorch_baseline.h"

#include <torch/torch.h>

#include "common/forecast/lstm_module.h"

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

Tensor View(const std::vector<float>& values, at::IntArrayRef sizes) {
  return torch::from_blob(const_cast<float*>(values.data()), sizes, torch::kFloat32);
}

}  // namespace

struct LibTorchModel::State {
  State(const NetworkShape& network_shape, double dropout)
      : shape(network_shape),
        lstm(shape.channels, shape.units),
        drop(dropout),
        head(shape.units, shape.horizon) {
    for (const auto& parameter : lstm->parameters()) parameters.push_back(parameter);
    for (const auto& parameter : head->parameters()) parameters.push_back(parameter);
    optimizer = std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(1e-3));
  }

  // The LSTM's state after the last step, [size, units].
  Tensor LastState(const Batch& batch) {
    const auto size = static_cast<std::int64_t>(batch.size);
    const Tensor sequence = View(batch.sequence, {shape.steps, size, shape.channels});
    return std::get<0>(std::get<1>(lstm->forward(sequence))).squeeze(0);
  }

  NetworkShape shape;
  torch::nn::LSTM lstm;
  torch::nn::Dropout drop;
  torch::nn::Linear head;
  std::vector<Tensor> parameters;
  std::unique_ptr<torch::optim::Adam> optimizer;
};

LibTorchModel::LibTorchModel(const NetworkShape& shape, double dropout)
    : state_(std::make_unique<State>(shape, dropout)) {}
LibTorchModel::~LibTorchModel() = default;

void LibTorchModel::Step(const Batch& batch, const std::vector<float>& targets) {
  const auto size = static_cast<std::int64_t>(batch.size);
  state_->optimizer->zero_grad();
  const Tensor output = state_->head->forward(state_->drop->forward(state_->LastState(batch)));
  const Tensor loss = torch::l1_loss(output, View(targets, {size, state_->shape.horizon}));
  loss.backward();
  torch::nn::utils::clip_grad_norm_(state_->parameters, 1.0);
  state_->optimizer->step();
}

std::vector<float> LibTorchModel::Predict(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const Tensor output = state_->head->forward(state_->LastState(batch)).contiguous();
  return {output.data_ptr<float>(), output.data_ptr<float>() + output.numel()};
}

struct ProductStep::State {
  State(const NetworkShape& network_shape, double share_dropped)
      : shape(network_shape), dropout(share_dropped), module(network_shape, 1) {}

  NetworkShape shape;
  double dropout;
  LstmModule module;
};

ProductStep::ProductStep(const NetworkShape& shape, double dropout)
    : state_(std::make_unique<State>(shape, dropout)) {
  state_->module.SetLearningRate(1e-3);
}
ProductStep::~ProductStep() = default;

void ProductStep::Step(const Batch& batch, const std::vector<float>& targets) {
  const NetworkShape& shape = state_->shape;
  const auto size = static_cast<std::int64_t>(batch.size);
  const double kept = 1 - state_->dropout;
  const Tensor sequence = View(batch.sequence, {shape.steps, size, shape.channels}).transpose(0, 1);
  const Tensor keep = torch::empty({size, shape.units}).bernoulli_(kept).div_(kept);
  const Tensor errors =
      state_->module.Forward(sequence, keep) - View(targets, {size, shape.horizon});
  errors.abs().sum().backward();
  state_->module.TakeStep(1.0 / static_cast<double>(errors.numel()));
}

struct SquareProduct::State {
  Tensor a = torch::rand({1024, 1024}), b = torch::rand({1024, 1024}), c = torch::empty_like(a);
};

SquareProduct::SquareProduct() : state_(std::make_unique<State>()) {}
SquareProduct::~SquareProduct() = default;
void SquareProduct::Run() { torch::mm_out(state_->c, state_->a, state_->b); }

}  // namespace fleetcast::forecast
