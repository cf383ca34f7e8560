// Holds the kernels against LibTorch's own LSTM, autograd, clipping and Adam.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "common/forecast/lstm_layer.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

struct Layer {
  Tensor input, recurrent, bias;
  [[nodiscard]] std::vector<Tensor> weights() const { return {input, recurrent, bias}; }
};

Layer RandomLayer(const LstmShape& shape, torch::ScalarType type) {
  const std::int64_t gates = 4 * shape.units;
  Layer layer{torch::randn({gates, shape.channels}, type),
              torch::randn({gates, shape.units}, type) * 0.3, torch::randn({gates}, type)};
  for (const Tensor& weight : layer.weights()) weight.requires_grad_(true);
  return layer;
}

Tensor LibTorchsState(const Tensor& sequence, const Tensor& input, const Tensor& recurrent,
                      const Tensor& bias) {
  const Tensor zero = torch::zeros({1, sequence.size(1), recurrent.size(1)}, sequence.options());
  const auto outputs =
      torch::lstm(sequence, {zero, zero}, {input, recurrent, bias, torch::zeros_like(bias)}, true,
                  1, 0.0, false, false, false);
  return std::get<1>(outputs).squeeze(0);
}

void ExpectEqual(const Tensor& ours, const Tensor& wanted, double relative) {
  EXPECT_LE((ours - wanted).abs().max().item<double>(),
            relative * wanted.abs().max().item<double>());
}

// `relative` to the largest gradient of each weight.
template <typename Real>
void CompareLayer(const Kernels<Real>& kernels, const LstmShape& shape, std::ptrdiff_t rows,
                  double relative) {
  torch::manual_seed(1);
  const torch::ScalarType type = c10::CppTypeToScalarType<Real>::value;
  const Tensor sequence = torch::randn({shape.steps, rows, shape.channels}, type);
  const Layer layer = RandomLayer(shape, type);
  const Tensor expected = LibTorchsState(sequence, layer.input, layer.recurrent, layer.bias);
  const Tensor towards = torch::randn_like(expected);
  const auto wanted = torch::autograd::grad({(expected * towards).sum()}, layer.weights());

  const auto weights = LstmWeights<const Real>::Stacked(shape, layer.input.data_ptr<Real>(),
                                                        layer.recurrent.data_ptr<Real>(),
                                                        layer.bias.data_ptr<Real>());
  const Tensor state = torch::empty({rows, shape.units}, type);
  std::vector<Tensor> gradients;
  for (const Tensor& each : wanted) gradients.push_back(torch::empty_like(each));
  LstmLayer<Real> ours(kernels, shape);
  ours.Forward(weights, sequence.data_ptr<Real>(), rows, state.data_ptr<Real>());
  ours.Backward(
      weights, towards.data_ptr<Real>(),
      LstmWeights<Real>::Stacked(shape, gradients[0].data_ptr<Real>(),
                                 gradients[1].data_ptr<Real>(), gradients[2].data_ptr<Real>()));
  ExpectEqual(state, expected.detach(), relative);
  for (std::size_t i = 0; i < wanted.size(); ++i) ExpectEqual(gradients[i], wanted[i], relative);
}

TEST(LstmLayer, HasLibTorchsStateAndGradients) {
  for (const LstmShape& shape : {LstmShape{1, 1, 1}, {5, 2, 4}, {24, 3, 33}, {24, 3, 128}}) {
    for (const Kernels<float>* kernels : AvailableKernels()) {
      SCOPED_TRACE(std::string(kernels->name) + ", " + std::to_string(shape.units) + " units");
      CompareLayer<float>(*kernels, shape, 32, 1e-5);
    }
    CompareLayer<double>(DoubleKernels(), shape, 7, 1e-12);
  }
}

constexpr NetworkShape kShape{.steps = 6, .channels = 4, .extras = 11, .horizon = 7, .units = 19};
constexpr std::int64_t kWindows = 11;  // odd: no bias' gradient is a zero that rounding hides

Batch RandomBatch() {
  const auto values = [](std::int64_t count) {
    const Tensor random = torch::randn({count});
    return std::vector<float>(random.data_ptr<float>(), random.data_ptr<float>() + count);
  };
  return {.size = kWindows,
          .sequence = values(kShape.steps * kWindows * kShape.channels),
          .extras = values(kWindows * kShape.extras),
          .targets = values(kWindows * kShape.horizon)};
}

Tensor AsTensor(const std::vector<float>& values, at::IntArrayRef sizes) {
  return torch::tensor(values).view(sizes);
}

Tensor LibTorchsOutput(const std::vector<Tensor>& weights, const Batch& batch) {
  const Tensor sequence = AsTensor(batch.sequence, {kShape.steps, kWindows, kShape.channels});
  const Tensor state = LibTorchsState(sequence, weights[0], weights[1], weights[2]);
  const Tensor extras = AsTensor(batch.extras, {kWindows, kShape.extras});
  return torch::addmm(weights[4], state, weights[3].t()) + extras.mm(weights[5].t());
}

TEST(NetworkTrainer, StepsAsLibTorchsAutogradClippingAndAdamDo) {
  torch::manual_seed(1);
  Weights start;
  std::vector<Tensor> weights;
  for (const WeightShape& shape : Network::WeightShapes(kShape)) {
    weights.push_back(torch::randn(shape.sizes) * 0.3);
    const float* values = weights.back().data_ptr<float>();
    start.emplace_back(values, values + weights.back().numel());
    weights.back().requires_grad_(true);
  }
  Network network(kShape, start);
  NetworkTrainer trainer(network, {.dropout = 0, .learning_rate = 0.01, .seed = 1});
  torch::optim::Adam optimizer(weights, torch::optim::AdamOptions(0.01));
  for (int step = 0; step < 5; ++step) {
    const Batch batch = RandomBatch();
    optimizer.zero_grad();
    const Tensor loss = torch::l1_loss(LibTorchsOutput(weights, batch),
                                       AsTensor(batch.targets, {kWindows, kShape.horizon}));
    loss.backward();
    torch::nn::utils::clip_grad_norm_(weights, 1.0);
    optimizer.step();
    EXPECT_NEAR(trainer.Step(batch), loss.item<double>(), 1e-5);
  }
  const Weights ours = network.CopyWeights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ExpectEqual(AsTensor(ours[i], weights[i].sizes()), weights[i].detach(), 1e-4);
  }
}

}  // namespace
}  // namespace fleetcast::forecast
