#include "common/forecast/lstm.h"

#include <gtest/gtest.h>

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

struct Layer {
  Tensor input, recurrent, bias;
  [[nodiscard]] std::vector<Tensor> weights() const { return {input, recurrent, bias}; }
};

Layer RandomLayer(int channels, int units) {
  Layer layer{torch::randn({4 * units, channels}), torch::randn({4 * units, units}) * 0.3,
              torch::randn({4 * units})};
  for (const Tensor& weight : layer.weights()) weight.requires_grad_(true);
  return layer;
}

Tensor LibTorchsState(const Tensor& sequence, const Layer& layer) {
  const std::int64_t units = layer.recurrent.size(1);
  const Tensor zero = torch::zeros({1, sequence.size(1), units});
  const auto outputs = torch::lstm(
      sequence, {zero, zero}, {layer.input, layer.recurrent, layer.bias, torch::zeros({4 * units})},
      true, 1, 0.0, false, false, false);
  return std::get<1>(outputs).squeeze(0);
}

struct Shape {
  int steps, batch, channels, units;
};

class Lstm : public ::testing::TestWithParam<Shape> {};

TEST_P(Lstm, HasLibTorchsStateAndGradients) {
  torch::manual_seed(1);
  const Shape shape = GetParam();
  const Tensor sequence = torch::randn({shape.steps, shape.batch, shape.channels});
  const Layer layer = RandomLayer(shape.channels, shape.units);
  const Tensor state = LastLstmState(sequence, layer.input, layer.recurrent, layer.bias);
  const Tensor expected = LibTorchsState(sequence, layer);
  EXPECT_TRUE(torch::allclose(state, expected, 1e-4, 1e-5));

  const Tensor towards = torch::randn_like(expected);
  const auto gradients = torch::autograd::grad({(state * towards).sum()}, layer.weights());
  const auto wanted = torch::autograd::grad({(expected * towards).sum()}, layer.weights());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_TRUE(torch::allclose(gradients[i], wanted[i], 1e-3, 1e-4)) << "weight " << i;
  }
}

TEST_P(Lstm, GivesTheSameStateWithoutGradients) {
  torch::manual_seed(1);
  const Shape shape = GetParam();
  const Tensor sequence = torch::randn({shape.steps, shape.batch, shape.channels});
  const Layer layer = RandomLayer(shape.channels, shape.units);
  const Tensor state = LastLstmState(sequence, layer.input, layer.recurrent, layer.bias);
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(torch::equal(LastLstmState(sequence, layer.input, layer.recurrent, layer.bias),
                           state.detach()));
}

INSTANTIATE_TEST_SUITE_P(Shapes, Lstm,
                         ::testing::Values(Shape{1, 1, 1, 1}, Shape{5, 3, 2, 4},
                                           Shape{24, 32, 6, 33}));

}  // namespace
}  // namespace fleetcast::forecast
