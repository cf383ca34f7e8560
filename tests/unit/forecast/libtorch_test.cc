// Holds the kernels, and the module that trains on them, against LibTorch's own LSTM, autograd,
// clipping and Adam.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "common/forecast/lstm_layer.h"
#include "common/forecast/lstm_module.h"
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

constexpr NetworkShape kShape{.steps = 6, .channels = 4, .extras = 0, .horizon = 7, .units = 19};
constexpr std::int64_t kWindows = 11;  // odd: no bias' gradient is a zero that rounding hides

std::vector<Tensor> Leaves(const Weights& start) {
  const std::vector<WeightShape> shapes = Network::WeightShapes(kShape);
  std::vector<Tensor> weights;
  for (std::size_t i = 0; i < start.size(); ++i) {
    weights.push_back(torch::tensor(start[i]).view(shapes[i].sizes).requires_grad_());
  }
  return weights;
}

Tensor LibTorchsOutput(const std::vector<Tensor>& weights, const Tensor& sequence) {
  const Tensor state = LibTorchsState(sequence.transpose(0, 1), weights[0], weights[1], weights[2]);
  return torch::addmm(weights[4], state, weights[3].t());
}

TEST(LstmModule, StepsAsLibTorchsLayerClippingAndAdamDo) {
  torch::manual_seed(1);
  LstmModule module(kShape, 3);
  module.SetLearningRate(0.01);
  const std::vector<Tensor> weights = Leaves(module.CopyWeights());
  torch::optim::Adam optimizer(weights, torch::optim::AdamOptions(0.01));
  for (int step = 0; step < 5; ++step) {
    const Tensor sequence = torch::randn({kWindows, kShape.steps, kShape.channels});
    const Tensor targets = torch::randn({kWindows, kShape.horizon});
    optimizer.zero_grad();
    torch::l1_loss(LibTorchsOutput(weights, sequence), targets).backward();
    torch::nn::utils::clip_grad_norm_(weights, 1.0);
    optimizer.step();
    (module.Forward(sequence, {}) - targets).abs().sum().backward();
    module.TakeStep(1.0 / static_cast<double>(targets.numel()));
  }
  const Weights ours = module.CopyWeights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ExpectEqual(torch::tensor(ours[i]).view(weights[i].sizes()), weights[i].detach(), 1e-4);
  }
}

TEST(LstmModule, IsJudgedByTheAverageOfItsWeights) {
  torch::manual_seed(1);
  LstmModule module(kShape, 3);
  module.SetLearningRate(0.1);
  const Tensor sequence = torch::randn({kWindows, kShape.steps, kShape.channels});
  float average = module.CopyWeights()[4][0];  // a bias of the head
  for (int step = 1; step <= 3; ++step) {
    (module.Forward(sequence, {}) - 1).abs().sum().backward();
    module.TakeStep(1.0 / static_cast<double>(kWindows * kShape.horizon));
    const auto decay = static_cast<float>(1 + step) / static_cast<float>(10 + step);
    average = decay * average + (1 - decay) * module.CopyWeights()[4][0];
  }
  const float last = module.CopyWeights()[4][0];
  module.SwapAverage();
  EXPECT_NEAR(module.CopyWeights()[4][0], average, 1e-6);
  module.SwapAverage();
  EXPECT_EQ(module.CopyWeights()[4][0], last);
}

}  // namespace
}  // namespace fleetcast::forecast
