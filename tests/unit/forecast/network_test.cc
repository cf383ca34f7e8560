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
          .extras = {0.25F, -0.25F, 1, 0.5F},
          .targets = {1, 2, -1, -2}};
}

double Loss(const Network& network, const Batch& batch) {
  const std::vector<float> outputs = network.Predict(batch);
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) sum += std::abs(outputs[i] - batch.targets[i]);
  return sum / static_cast<double>(outputs.size());
}

TEST(Network, ForecastsNoChangeBeforeItIsTrained) {
  const Network network(kShape, 1);
  EXPECT_EQ(network.Predict(TwoWindows()), std::vector<float>(4, 0.0F));
}

TEST(Network, ComputesTheLstmOfItsEquations) {
  // One unit, one step: c = i * g, h = o * tanh(c), with gates in the order i, f, g, o.
  const NetworkShape shape{.steps = 1, .channels = 1, .extras = 1, .horizon = 1, .units = 1};
  const Network network(
      shape,
      Weights{{0.5F, 9, -0.7F, 0.3F}, {9, 9, 9, 9}, {0.1F, 9, 0.2F, -0.1F}, {2}, {0.5F}, {3}});
  const Batch batch{.size = 1, .sequence = {0.8F}, .extras = {0.4F}, .targets = {}};
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const double cell = sigmoid(0.5 * 0.8 + 0.1) * std::tanh(-0.7 * 0.8 + 0.2);
  const double state = sigmoid(0.3 * 0.8 - 0.1) * std::tanh(cell);
  EXPECT_NEAR(network.Predict(batch)[0], 2 * state + 0.5 + 3 * 0.4, 1e-6);
}

TEST(Network, LearnsWhatItIsShown) {
  Network network(kShape, 1);
  NetworkTrainer trainer(network, {.dropout = 0, .learning_rate = 0.05, .seed = 2});
  const double before = Loss(network, TwoWindows());
  EXPECT_NEAR(trainer.Step(TwoWindows()), before, 1e-6);
  for (int i = 0; i < 200; ++i) trainer.Step(TwoWindows());
  EXPECT_LT(Loss(network, TwoWindows()), 0.2 * before);
}

TEST(Network, TakesALinearPathThatWasFittedElsewhere) {
  Network network(kShape, 1);
  network.SetLinearPath({1, 2, 3, 4});
  const std::vector<float> wanted = {-0.25F, -0.25F, 2, 5};  // of each window's two extras
  EXPECT_EQ(network.Predict(TwoWindows()), wanted);
}

TEST(Network, IsJudgedByTheAverageOfItsWeights) {
  Network network(kShape, 1);
  NetworkTrainer trainer(network, {.dropout = 0, .learning_rate = 0.1, .seed = 2});
  std::vector<Weights> after;
  for (int i = 0; i < 3; ++i) {
    trainer.Step(TwoWindows());
    after.push_back(network.CopyWeights());
  }
  const float first = Network(kShape, 1).CopyWeights()[4][0];  // a bias of the head
  float average = first;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto step = static_cast<float>(i + 1);
    const float decay = (1 + step) / (10 + step);
    average = decay * average + (1 - decay) * after[i][4][0];
  }
  trainer.SwapAverage();
  EXPECT_NEAR(network.CopyWeights()[4][0], average, 1e-6);
  trainer.SwapAverage();
  EXPECT_EQ(network.CopyWeights(), after.back());
}

TEST(Network, KeepsItsWeightsThroughACopy) {
  Network network(kShape, 5);
  NetworkTrainer(network, {.dropout = 0.5, .learning_rate = 0.1, .seed = 2}).Step(TwoWindows());
  const Network copy(kShape, network.CopyWeights());
  EXPECT_EQ(copy.Predict(TwoWindows()), network.Predict(TwoWindows()));
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
  }

  std::shared_ptr<const Weights> weights;
  WeightView view;
};

Network TrainedNetwork() {
  Network network(kShape, 5);
  NetworkTrainer trainer(network, {.dropout = 0, .learning_rate = 0.1, .seed = 2});
  for (int i = 0; i < 3; ++i) trainer.Step(TwoWindows());
  return network;
}

TEST(Network, ForecastsWithWeightsWhereTheyLieAndKeepsThemThere) {
  const Network network = TrainedNetwork();
  WeightsElsewhere elsewhere(network);
  const Network viewing(kShape, elsewhere.view, elsewhere.weights);
  const std::weak_ptr<const Weights> alive = std::exchange(elsewhere.weights, nullptr);
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(viewing.Predict(TwoWindows()), network.Predict(TwoWindows()));
  EXPECT_EQ(viewing.CopyWeights(), network.CopyWeights());
}

TEST(Network, WithWeightsElsewhereIsTrainedOnlyOnceTheyAreItsOwn) {
  const WeightsElsewhere elsewhere(TrainedNetwork());
  Network viewing(kShape, elsewhere.view, elsewhere.weights);
  EXPECT_THROW(NetworkTrainer(viewing, {}), std::invalid_argument);
  viewing.SetWeights(*elsewhere.weights);
  EXPECT_NO_THROW(NetworkTrainer(viewing, {}).Step(TwoWindows()));
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
