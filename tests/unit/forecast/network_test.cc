#include "common/forecast/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "common/forecast/forecast.h"

namespace fleetcast::forecast {
namespace {

constexpr NetworkShape kShape{.steps = 2, .channels = 3, .extras = 2, .horizon = 2, .units = 4};

Batch TwoWindows() {
  return {.size = 2,
          .sequence = {0.5F, 1, -1, -0.5F, 0, 2, 0, 1, 1, 0, -1, 0.5F},
          .extras = {0.25F, -0.25F, 1, 0.5F}};
}

// Numbers that differ from tensor to tensor.
Weights SomeWeights(const NetworkShape& shape) {
  Weights weights;
  float value = 0.3F;
  for (const WeightShape& each : Network::WeightShapes(shape)) {
    std::int64_t count = 1;
    for (const std::int64_t size : each.sizes) count *= size;
    weights.emplace_back();
    for (std::int64_t i = 0; i < count; ++i) weights.back().push_back(value = 1 - 1.7F * value);
    for (float& each_value : weights.back()) each_value = std::fmod(each_value, 0.5F);
    value = 0.3F + 0.01F * static_cast<float>(weights.size());
  }
  return weights;
}

TEST(Network, ComputesTheLstmOfItsEquations) {
  // One unit, one step: c = i * g, h = o * tanh(c), with gates in the order i, f, g, o.
  const NetworkShape shape{.steps = 1, .channels = 1, .extras = 1, .horizon = 1, .units = 1};
  const Network network(
      shape,
      Weights{{0.5F, 9, -0.7F, 0.3F}, {9, 9, 9, 9}, {0.1F, 9, 0.2F, -0.1F}, {2}, {0.5F}, {3}, {7}});
  const Batch batch{.size = 1, .sequence = {0.8F}, .extras = {0.4F}};
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double cell = sigmoid(0.5 * 0.8 + 0.1) * std::tanh(-0.7 * 0.8 + 0.2);
  const double state = sigmoid(0.3 * 0.8 - 0.1) * std::tanh(cell);
  EXPECT_NEAR(network.Predict(batch)[0], 2 * state + 0.5 + 3 * 0.4 + 7, 1e-6);
}

TEST(Network, WithoutAnLstmIsItsLinearPath) {
  const NetworkShape shape{.steps = 0, .channels = 0, .extras = 2, .horizon = 2, .units = 4};
  const Network network(shape, {{1, 2, 3, 4}, {0, 10}});
  Batch batch = TwoWindows();
  batch.sequence.clear();
  EXPECT_EQ(network.Predict(batch), (std::vector<float>{-0.25F, 9.75F, 2, 15}));
}

TEST(Network, KeepsItsWeightsThroughACopy) {
  const Network network(kShape, SomeWeights(kShape));
  EXPECT_EQ(network.CopyWeights(), SomeWeights(kShape));
  const Network copy(kShape, network.CopyWeights());
  EXPECT_EQ(copy.Predict(TwoWindows()), network.Predict(TwoWindows()));
}

TEST(Network, RefusesWeightsOfAnotherShape) {
  Weights weights = SomeWeights(kShape);
  weights[1].pop_back();
  EXPECT_THROW(Network(kShape, weights), std::invalid_argument);
  weights.pop_back();
  EXPECT_THROW(Network(kShape, weights), std::invalid_argument);
}

// A copy of the network's weights, and where in it they lie.
struct WeightsElsewhere {
  explicit WeightsElsewhere(const Network& network)
      : weights(std::make_shared<const Weights>(network.CopyWeights())) {
    const auto units = static_cast<std::size_t>(kShape.units);
    for (std::size_t gate = 0; gate < 4; ++gate) {
      view.input[gate] = weights->at(0).data() + gate * units * kShape.channels;
      view.recurrent[gate] = weights->at(1).data() + gate * units * units;
      view.bias[gate] = weights->at(2).data() + gate * units;
    }
    view.head = weights->at(3).data();
    view.head_bias = weights->at(4).data();
    view.linear = weights->at(5).data();
    view.linear_bias = weights->at(6).data();
  }

  std::shared_ptr<const Weights> weights;
  WeightView view;
};

TEST(Network, ForecastsWithWeightsWhereTheyLieAndKeepsThemThere) {
  const Network network(kShape, SomeWeights(kShape));
  WeightsElsewhere elsewhere(network);
  const Network viewing(kShape, elsewhere.view, elsewhere.weights);
  const std::weak_ptr<const Weights> alive = std::exchange(elsewhere.weights, nullptr);
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(viewing.Predict(TwoWindows()), network.Predict(TwoWindows()));
  EXPECT_EQ(viewing.CopyWeights(), network.CopyWeights());
}

TEST(ComputeRates, AreMeasuredOnceAndNeedNoWarningHere) {
  const ComputeRates& rates = MeasuredRates();
  EXPECT_GT(rates.own, 0);
  EXPECT_GT(rates.libtorch, 0);
  EXPECT_EQ(&MeasuredRates(), &rates);
  EXPECT_EQ(BlasWarning({.kernels = "avx512", .own = 100, .libtorch = 90}), "");
}

TEST(ComputeRates, OfAReferenceBlasNameTheRemedy) {
  const std::string warning = BlasWarning({.kernels = "avx512", .own = 100, .libtorch = 7});
  EXPECT_THAT(warning, ::testing::HasSubstr("7.0 GFLOP/s"));
  EXPECT_THAT(warning, ::testing::HasSubstr("install libopenblas0-pthread"));
}

}  // namespace
}  // namespace fleetcast::forecast
