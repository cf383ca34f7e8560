#include "common/forecast/lstm_layer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace fleetcast::forecast {
namespace {

using ::testing::Each;

template <typename Real>
std::vector<Real> Random(std::ptrdiff_t count, double deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, deviation);
  std::vector<Real> values(static_cast<std::size_t>(count));
  for (Real& value : values) value = static_cast<Real>(normal(generator));
  return values;
}

// A layer with random weights, some windows, and a direction in which the state is measured.
template <typename Real>
struct Example {
  Example(const LstmShape& lstm_shape, std::ptrdiff_t row_count)
      : shape(lstm_shape),
        rows(row_count),
        input(Random<Real>(kGates * shape.units * shape.channels, 1, 1)),
        recurrent(Random<Real>(kGates * shape.units * shape.units, 0.3, 2)),
        bias(Random<Real>(kGates * shape.units, 1, 3)),
        sequence(Random<Real>(shape.steps * rows * shape.channels, 1, 4)),
        towards(Random<Real>(rows * shape.units, 1, 5)) {}

  [[nodiscard]] LstmWeights<const Real> weights() const {
    return LstmWeights<const Real>::Stacked(shape, input.data(), recurrent.data(), bias.data());
  }
  [[nodiscard]] std::vector<Real> State(LstmLayer<Real>& layer) const {
    std::vector<Real> state(towards.size());
    layer.Forward(weights(), sequence.data(), rows, state.data());
    return state;
  }
  [[nodiscard]] double Measure(LstmLayer<Real>& layer) const {
    const std::vector<Real> state = State(layer);
    double sum = 0;
    for (std::size_t i = 0; i < state.size(); ++i) sum += double{state[i]} * towards[i];
    return sum;
  }
  // Of Measure: input's, recurrent's and bias' one after the other.
  [[nodiscard]] std::vector<Real> Gradients(LstmLayer<Real>& layer) const {
    (void)State(layer);
    std::vector<Real> all(input.size() + recurrent.size() + bias.size());
    Real* of_recurrent = all.data() + input.size();
    layer.Backward(weights(), towards.data(),
                   LstmWeights<Real>::Stacked(shape, all.data(), of_recurrent,
                                              of_recurrent + recurrent.size()));
    return all;
  }

  LstmShape shape;
  std::ptrdiff_t rows;
  std::vector<Real> input, recurrent, bias, sequence, towards;
};

template <typename A, typename B>
double LargestDifference(const std::vector<A>& a, const std::vector<B>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

template <typename Real>
double Largest(const std::vector<Real>& values) {
  return LargestDifference(values, std::vector<Real>(values.size()));
}

constexpr LstmShape kShapes[] = {{1, 1, 1}, {5, 2, 4}, {24, 3, 33}, {7, 12, 128}};

TEST(LstmLayer, HasTheGradientsThatFiniteDifferencesShowInDouble) {
  Example<double> example({.steps = 5, .channels = 2, .units = 5}, 3);
  LstmLayer<double> layer(DoubleKernels(), example.shape);
  const std::vector<double> gradients = example.Gradients(layer);
  std::vector<double> differences;
  for (std::vector<double>* weight : {&example.input, &example.recurrent, &example.bias}) {
    for (double& value : *weight) {
      constexpr double kStep = 1e-5;
      const double kept = value;
      value = kept + kStep;
      const double above = example.Measure(layer);
      value = kept - kStep;
      const double below = example.Measure(layer);
      value = kept;
      differences.push_back((above - below) / (2 * kStep));
    }
  }
  EXPECT_LT(LargestDifference(gradients, differences), 1e-8 * Largest(gradients));
}

class LstmKernels : public ::testing::TestWithParam<const Kernels<float>*> {};

TEST_P(LstmKernels, GiveTheDoubleLayersStateAndGradients) {
  for (const LstmShape& shape : kShapes) {
    for (const std::ptrdiff_t rows : {1, 3, 32, 100}) {
      const Example<float> example(shape, rows);
      LstmLayer<float> layer(*GetParam(), shape);
      Example<double> exact(shape, rows);
      const auto copy = [](const std::vector<float>& from, std::vector<double>& to) {
        to.assign(from.begin(), from.end());
      };
      copy(example.input, exact.input);
      copy(example.recurrent, exact.recurrent);
      copy(example.bias, exact.bias);
      copy(example.sequence, exact.sequence);
      copy(example.towards, exact.towards);
      LstmLayer<double> exact_layer(DoubleKernels(), shape);
      SCOPED_TRACE(::testing::Message() << shape.units << " units, " << rows << " rows");
      EXPECT_LT(LargestDifference(example.State(layer), exact.State(exact_layer)), 3e-6);
      const std::vector<double> gradients = exact.Gradients(exact_layer);
      EXPECT_LT(LargestDifference(example.Gradients(layer), gradients), 1e-5 * Largest(gradients));
    }
  }
}

TEST_P(LstmKernels, PredictWhatTheForwardPassOfTrainingComputes) {
  const Example<float> example({.steps = 24, .channels = 3, .units = 40}, 32);
  LstmLayer<float> layer(*GetParam(), example.shape);
  std::vector<float> state(example.towards.size());
  layer.Predict(example.weights(), example.sequence.data(), 32, state.data());
  EXPECT_EQ(state, example.State(layer));
}

TEST_P(LstmKernels, DependOnNothingFromAnEarlierPass) {
  const Example<float> small({.steps = 4, .channels = 2, .units = 20}, 2), large(small.shape, 50);
  LstmLayer<float> used(*GetParam(), small.shape), fresh(*GetParam(), small.shape);
  (void)large.Gradients(used);
  EXPECT_EQ(small.Gradients(used), small.Gradients(fresh));
}

TEST_P(LstmKernels, LetNotANumberThrough) {
  Example<float> example({.steps = 3, .channels = 1, .units = 4}, 1);
  LstmLayer<float> layer(*GetParam(), example.shape);
  example.sequence[0] = NAN;
  EXPECT_THAT(example.State(layer), Each(::testing::IsNan()));
}

// One step from zero with `x` as every gate's sum.
std::vector<float> GatesOf(const Kernels<float>& kernels, float x) {
  const auto lanes = static_cast<std::size_t>(kernels.lanes);
  std::vector<float> panels((lanes + 1) * 4 * lanes, x);
  std::vector<float> state(lanes), cell(lanes), gates(4 * lanes);
  const float one = 1;
  kernels.step_forward({.rows = 1,
                        .unit_blocks = 1,
                        .inputs = 1,
                        .panels = panels.data(),
                        .input = &one,
                        .state = state.data(),
                        .cell = cell.data(),
                        .gates = gates.data()});
  return {gates[0], gates[lanes], gates[2 * lanes], gates[3 * lanes]};
}

TEST_P(LstmKernels, HaveGatesAsExactAsFloatsAre) {
  constexpr double kRelative = 4e-7;  // of the size: under four units in the last place
  for (double x = -30; x <= 30; x += 0.0137) {
    const auto at = static_cast<float>(x);
    const double sigmoid = 1 / (1 + std::exp(-double{at})), tanh = std::tanh(double{at});
    const std::vector<float> gates = GatesOf(*GetParam(), at);
    EXPECT_NEAR(gates[0], sigmoid, kRelative * sigmoid) << "sigmoid of " << at;
    EXPECT_NEAR(gates[1], sigmoid, kRelative * sigmoid) << "sigmoid of " << at;
    EXPECT_NEAR(gates[2], tanh, kRelative * std::abs(tanh)) << "tanh of " << at;
    EXPECT_NEAR(gates[3], sigmoid, kRelative * sigmoid) << "sigmoid of " << at;
  }
  EXPECT_NEAR(GatesOf(*GetParam(), 1e-6F)[2], 1e-6, 4e-13);
  EXPECT_EQ(GatesOf(*GetParam(), 1000)[0], 1);
  EXPECT_EQ(GatesOf(*GetParam(), -1000)[2], -1);
}

TEST_P(LstmKernels, StepAsAdamDoes) {
  const std::vector<float> gradients = Random<float>(37, 1, 1);
  std::vector<float> values = Random<float>(37, 1, 2), first = Random<float>(37, 1, 3);
  std::vector<float> second(37, 0.5F), averages(37, 2), expected, expected_averages;
  for (std::size_t i = 0; i < 37; ++i) {
    const double gradient = 0.5 * gradients[i];
    const double mean = 0.9 * first[i] + 0.1 * gradient;
    const double square = 0.999 * second[i] + 0.001 * gradient * gradient;
    expected.push_back(
        static_cast<float>(values[i] - 0.02 * mean / (1.5 * std::sqrt(square) + 1e-8)));
    expected_averages.push_back(0.75F * 2 + 0.25F * expected.back());
  }
  GetParam()->adam({.size = 37,
                    .values = values.data(),
                    .gradients = gradients.data(),
                    .first_moments = first.data(),
                    .second_moments = second.data(),
                    .gradient_scale = 0.5F,
                    .rate = 0.02F,
                    .second_moment_scale = 1.5F,
                    .averages = averages.data(),
                    .average_decay = 0.75F});
  EXPECT_LT(LargestDifference(values, expected), 1e-6);
  EXPECT_LT(LargestDifference(averages, expected_averages), 1e-6);
}

TEST_P(LstmKernels, SumSquaresAndTransposeAnySize) {
  const std::vector<float> values = Random<float>(21 * 35, 1, 1);
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  EXPECT_NEAR(GetParam()->sum_of_squares(values.data(), 21 * 35), sum, 1e-5 * sum);
  std::vector<float> transposed(values.size());
  GetParam()->transpose(values.data(), 35, 21, 35, transposed.data(), 21);
  for (std::size_t row = 0; row < 21; ++row) {
    for (std::size_t column = 0; column < 35; ++column) {
      ASSERT_EQ(transposed[column * 21 + row], values[row * 35 + column]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Available, LstmKernels, ::testing::ValuesIn(AvailableKernels()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace fleetcast::forecast
