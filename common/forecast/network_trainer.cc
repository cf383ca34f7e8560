#include <cmath>
#include <stdexcept>
#include <utility>

#include "common/forecast/adam_schedule.h"
#include "common/forecast/dropout.h"
#include "common/forecast/network.h"
#include "common/forecast/network_state.h"

namespace fleetcast::forecast {
namespace {

// The sum of absolute errors, and its gradient. Not their mean: sums of signs are exact, so that a
// gradient of zero is zero on every kernel, and Adam does not make a step of what rounding leaves.
double AbsoluteLoss(const std::vector<float>& output, const std::vector<float>& targets,
                    std::vector<float>& gradient) {
  gradient.resize(output.size());
  double sum = 0;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const float error = output[i] - targets[i];
    sum += std::abs(error);
    gradient[i] = static_cast<float>((error > 0) - (error < 0));
  }
  return sum;
}

}  // namespace

struct TrainerMemory {
  explicit TrainerMemory(const NetworkShape& shape)
      : pass(shape), gradients(WeightOffsets(shape).back()) {}

  NetworkPass pass;
  AlignedVector<float> gradients;
  std::vector<float> output_gradient;
};

std::shared_ptr<TrainerMemory> MakeTrainerMemory(const NetworkShape& shape) {
  return std::make_shared<TrainerMemory>(shape);
}

struct NetworkTrainer::State {
  State(Network::State& network_state, const TrainerOptions& trainer_options,
        std::shared_ptr<TrainerMemory> trainer_memory)
      : network(network_state),
        schedule(trainer_options.learning_rate),
        masks(trainer_options.dropout, trainer_options.seed),
        memory(std::move(trainer_memory)),
        first_moments(network_state.parameters.size()),
        second_moments(network_state.parameters.size()),
        averages(network_state.parameters) {}

  // `share` is what of the gradients counts.
  void TakeAdamStep(double share);

  Network::State& network;
  AdamSchedule schedule;
  DropoutMasks masks;
  std::shared_ptr<TrainerMemory> memory;
  AlignedVector<float> first_moments, second_moments, averages;
};

void NetworkTrainer::State::TakeAdamStep(double share) {
  const Kernels<float>& kernels = *AvailableKernels().front();
  const AlignedVector<float>& gradients = memory->gradients;
  const auto size = static_cast<std::ptrdiff_t>(gradients.size());
  const double norm = share * std::sqrt(kernels.sum_of_squares(gradients.data(), size));
  const double clip = norm > kGradientNorm ? kGradientNorm / norm : 1;
  schedule.Advance();
  kernels.adam({.size = size,
                .values = network.parameters.data(),
                .gradients = gradients.data(),
                .first_moments = first_moments.data(),
                .second_moments = second_moments.data(),
                .gradient_scale = static_cast<float>(share * clip),
                .beta1 = AdamSchedule::kBeta1,
                .beta2 = AdamSchedule::kBeta2,
                .epsilon = AdamSchedule::kEpsilon,
                .rate = schedule.rate(),
                .second_moment_scale = schedule.second_moment_scale(),
                .averages = averages.data(),
                .average_decay = schedule.average_decay()});
}

NetworkTrainer::NetworkTrainer(Network& network, const TrainerOptions& options,
                               std::shared_ptr<TrainerMemory> memory) {
  if (network.state_->owner != nullptr) {
    throw std::invalid_argument("weights that lie elsewhere cannot be trained");
  }
  if (memory == nullptr) memory = MakeTrainerMemory(network.shape());
  state_ = std::make_unique<State>(*network.state_, options, std::move(memory));
}

NetworkTrainer::~NetworkTrainer() = default;

void NetworkTrainer::SetLearningRate(double learning_rate) {
  state_->schedule.SetLearningRate(learning_rate);
}

void NetworkTrainer::SwapAverage() { state_->network.parameters.swap(state_->averages); }

double NetworkTrainer::Step(const Batch& batch) {
  State& state = *state_;
  TrainerMemory& memory = *state.memory;
  float* parameters = state.network.parameters.data();
  const auto units = static_cast<std::size_t>(state.network.shape.units);
  const std::vector<float>& keep = state.masks.Draw(batch.size * units);
  const std::vector<float>& output = memory.pass.Forward(parameters, batch, keep);
  const double share = 1 / static_cast<double>(output.size());
  const double loss = share * AbsoluteLoss(output, batch.targets, memory.output_gradient);
  memory.pass.Backward(parameters, memory.output_gradient, keep, memory.gradients.data());
  state.TakeAdamStep(share);
  return loss;
}

}  // namespace fleetcast::forecast
