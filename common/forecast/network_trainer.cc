#include <algorithm>
#include <cmath>
#include <random>

#include "common/forecast/network.h"
#include "common/forecast/network_state.h"

namespace fleetcast::forecast {
namespace {

constexpr double kGradientNorm = 1.0;
constexpr double kBeta1 = 0.9, kBeta2 = 0.999;  // Adam's
// Of the weights' average: about the last hundred steps.
constexpr double kAverageDecay = 0.99;

// The mean absolute error, and its gradient.
double AbsoluteLoss(const std::vector<float>& output, const std::vector<float>& targets,
                    std::vector<float>& gradient) {
  const std::size_t count = output.size();
  const float share = 1 / static_cast<float>(count);
  gradient.resize(count);
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float error = output[i] - targets[i];
    sum += std::abs(error);
    gradient[i] = static_cast<float>((error > 0) - (error < 0)) * share;
  }
  return sum / static_cast<double>(count);
}

}  // namespace

struct NetworkTrainer::State {
  State(Network::State& network_state, const TrainerOptions& trainer_options)
      : network(network_state),
        options(trainer_options),
        masks(trainer_options.seed),
        pass(network_state.shape),
        gradients(network_state.parameters.size()),
        first_moments(gradients.size()),
        second_moments(gradients.size()),
        averages(network_state.parameters) {}

  void DrawMask(std::size_t windows);
  void TakeAdamStep();

  Network::State& network;
  TrainerOptions options;
  std::mt19937_64 masks;
  NetworkPass pass;
  AlignedVector<float> gradients, first_moments, second_moments, averages;
  double beta1_power = 1, beta2_power = 1;  // of Adam's betas, to the steps taken
  double steps = 0;
  std::vector<float> keep, output_gradient;
};

// Two numbers from each draw.
void NetworkTrainer::State::DrawMask(std::size_t windows) {
  if (options.dropout <= 0) return;
  keep.resize(windows * static_cast<std::size_t>(network.shape.units));
  const auto limit = static_cast<std::uint32_t>(options.dropout * 0x1p32);
  const auto kept = static_cast<float>(1 / (1 - options.dropout));
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < keep.size(); ++i) {
    bits = i % 2 == 0 ? masks() : bits >> 32;
    keep[i] = static_cast<std::uint32_t>(bits) < limit ? 0 : kept;
  }
}

void NetworkTrainer::State::TakeAdamStep() {
  const Kernels<float>& kernels = *AvailableKernels().front();
  const auto size = static_cast<std::ptrdiff_t>(gradients.size());
  const double norm = std::sqrt(kernels.sum_of_squares(gradients.data(), size));
  beta1_power *= kBeta1;
  beta2_power *= kBeta2;
  ++steps;
  kernels.adam(
      {.size = size,
       .values = network.parameters.data(),
       .gradients = gradients.data(),
       .first_moments = first_moments.data(),
       .second_moments = second_moments.data(),
       .gradient_scale = static_cast<float>(norm > kGradientNorm ? kGradientNorm / norm : 1),
       .beta1 = kBeta1,
       .beta2 = kBeta2,
       .rate = static_cast<float>(options.learning_rate / (1 - beta1_power)),
       .second_moment_scale = static_cast<float>(1 / std::sqrt(1 - beta2_power)),
       .averages = averages.data(),
       // The average must not hang on to where training began.
       .average_decay = static_cast<float>(std::min(kAverageDecay, (1 + steps) / (10 + steps)))});
}

NetworkTrainer::NetworkTrainer(Network& network, const TrainerOptions& options)
    : state_(std::make_unique<State>(*network.state_, options)) {}

NetworkTrainer::~NetworkTrainer() = default;

void NetworkTrainer::SetLearningRate(double learning_rate) {
  state_->options.learning_rate = learning_rate;
}

void NetworkTrainer::SwapAverage() { state_->network.parameters.swap(state_->averages); }

double NetworkTrainer::Step(const Batch& batch) {
  State& state = *state_;
  float* parameters = state.network.parameters.data();
  state.DrawMask(batch.size);
  const std::vector<float>& output = state.pass.Forward(parameters, batch, state.keep);
  const double loss = AbsoluteLoss(output, batch.targets, state.output_gradient);
  state.pass.Backward(parameters, state.output_gradient, state.keep, state.gradients.data());
  state.TakeAdamStep();
  return loss;
}

}  // namespace fleetcast::forecast
