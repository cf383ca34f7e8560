// Lockstep on any device of LibTorch's: the weights of all models stacked in front, [models, ...],
// and one batched product where a single model would have one.
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "common/forecast/adam_schedule.h"
#include "common/forecast/dropout.h"
#include "common/forecast/lockstep_trainer.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

// Batches of all models as tensors on the device, each padded to the size of the largest.
struct StackedBatch {
  Tensor sequence;  // [models, steps, windows, channels]
  Tensor extras;    // [models, windows, extras]
  Tensor targets;   // [models, windows, horizon]
  Tensor counts;    // [models, windows, 1]: 1 where the model has a window, 0 where it is padding
  Tensor keep;      // [models, windows, units]; undefined where no model has dropout
};

// What is put together in the host's memory, and goes to the device in one copy (none to the CPU).
struct HostTensor {
  std::vector<std::int64_t> sizes;  // of models first
  std::vector<float> values;

  void Clear(std::vector<std::int64_t> new_sizes) {
    sizes = std::move(new_sizes);
    values.assign(static_cast<std::size_t>(c10::multiply_integers(sizes)), 0);
  }
  // The model's part.
  [[nodiscard]] float* At(std::size_t model) {
    return values.data() + model * (values.size() / static_cast<std::size_t>(sizes[0]));
  }
  [[nodiscard]] Tensor On(const torch::Device& device) {
    return torch::from_blob(values.data(), sizes, torch::kFloat32).to(device);
  }
};

// Of each model in a step. One without a batch keeps everything as it is.
enum Factor { kBeta1, kBeta2, kRate, kSecondMomentScale, kAverageDecay, kShare, kFactorCount };

class StackedTrainer final : public LockstepTrainer {
 public:
  StackedTrainer(const std::vector<Network*>& networks, const std::vector<TrainerOptions>& options,
                 const std::string& device)
      : networks_(networks),
        shape_(networks.at(0)->shape()),
        device_(device),
        losses_(networks.size()) {
    for (const TrainerOptions& each : options) {
      schedules_.emplace_back(each.learning_rate);
      masks_.emplace_back(each.dropout, each.seed);
      any_dropout_ = any_dropout_ || masks_.back().enabled();
    }
    const std::vector<WeightShape> weights = Network::WeightShapes(shape_);
    std::vector<Weights> copies;
    copies.reserve(networks.size());
    for (const Network* network : networks) copies.push_back(network->CopyWeights());
    for (std::size_t i = 0; i < weights.size(); ++i) {
      std::vector<Tensor> of_models;
      of_models.reserve(copies.size());
      for (const Weights& copy : copies) {
        of_models.push_back(torch::tensor(copy[i]).view(weights[i].sizes));
      }
      values_.push_back(torch::stack(of_models).to(device_).requires_grad_(true));
      averages_.push_back(values_[i].detach().clone());
      first_moments_.push_back(torch::zeros_like(averages_[i]));
      second_moments_.push_back(torch::zeros_like(averages_[i]));
    }
  }

  [[nodiscard]] std::size_t width() const override { return networks_.size(); }

  const std::vector<double>& Step(const std::vector<const Batch*>& batches) override {
    const StackedBatch stacked = Stack(batches);
    const Tensor errors = (Forward(stacked) - stacked.targets) * stacked.counts;
    // Sums, not means, as in network_trainer.cc.
    const Tensor losses = errors.abs().flatten(1).sum(1);  // [models]
    // With a single step of time the recurrent weights have none.
    const auto gradients =
        torch::autograd::grad({losses.sum()}, values_, /*grad_outputs=*/{}, /*retain_graph=*/{},
                              /*create_graph=*/false, /*allow_unused=*/true);
    TakeAdamStep(gradients, Factors(batches));
    const Tensor sums = losses.detach().to(torch::kCPU).contiguous();
    for (std::size_t i = 0; i < batches.size(); ++i) {
      losses_[i] = sums.data_ptr<float>()[i] * ShareOf(batches[i]);
    }
    return losses_;
  }

  void SetLearningRate(std::size_t model, double learning_rate) override {
    schedules_[model].SetLearningRate(learning_rate);
  }

  void SwapAverage(std::size_t model) override {
    const torch::NoGradGuard no_grad;
    const auto at = static_cast<std::int64_t>(model);
    Weights weights;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      Tensor value = values_[i][at], average = averages_[i][at];
      const Tensor kept = value.clone();
      value.copy_(average);
      average.copy_(kept);
      const Tensor on_cpu = value.to(torch::kCPU).contiguous();
      weights.emplace_back(on_cpu.data_ptr<float>(), on_cpu.data_ptr<float>() + on_cpu.numel());
    }
    networks_[model]->SetWeights(weights);
  }

 private:
  // What one error counts in the mean of a batch's; 0 without one.
  [[nodiscard]] double ShareOf(const Batch* batch) const {
    if (batch == nullptr) return 0;
    return 1 / (static_cast<double>(batch->size) * static_cast<double>(shape_.horizon));
  }

  [[nodiscard]] StackedBatch Stack(const std::vector<const Batch*>& batches) {
    std::size_t size = 0;
    for (const Batch* batch : batches) size = batch != nullptr ? std::max(size, batch->size) : size;
    if (size == 0) throw std::invalid_argument("no model has a batch");
    const auto models = static_cast<std::int64_t>(batches.size());
    const auto windows = static_cast<std::int64_t>(size);
    memory_.sequence.Clear({models, shape_.steps, windows, shape_.channels});
    memory_.extras.Clear({models, windows, shape_.extras});
    memory_.targets.Clear({models, windows, shape_.horizon});
    memory_.counts.Clear({models, windows, 1});
    if (any_dropout_) memory_.keep.Clear({models, windows, shape_.units});
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (batches[i] != nullptr) Put(i, *batches[i]);
    }
    return {.sequence = memory_.sequence.On(device_),
            .extras = memory_.extras.On(device_),
            .targets = memory_.targets.On(device_),
            .counts = memory_.counts.On(device_),
            .keep = any_dropout_ ? memory_.keep.On(device_) : Tensor()};
  }

  // Draws a mask for the model's own windows alone, so that it goes on as if it were alone.
  void Put(std::size_t model, const Batch& batch) {
    const auto channels = static_cast<std::size_t>(shape_.channels);
    const std::size_t row = batch.size * channels;
    const std::size_t padded_row = static_cast<std::size_t>(memory_.sequence.sizes[2]) * channels;
    for (std::size_t step = 0; step < static_cast<std::size_t>(shape_.steps); ++step) {
      std::copy_n(batch.sequence.data() + step * row, row,
                  memory_.sequence.At(model) + step * padded_row);
    }
    std::copy(batch.extras.begin(), batch.extras.end(), memory_.extras.At(model));
    std::copy(batch.targets.begin(), batch.targets.end(), memory_.targets.At(model));
    std::fill_n(memory_.counts.At(model), batch.size, 1.0F);
    const std::size_t states = batch.size * static_cast<std::size_t>(shape_.units);
    if (masks_[model].enabled()) {
      const std::vector<float>& mask = masks_[model].Draw(states);
      std::copy(mask.begin(), mask.end(), memory_.keep.At(model));
    } else if (any_dropout_) {
      std::fill_n(memory_.keep.At(model), states, 1.0F);
    }
  }

  // [models, windows, horizon].
  [[nodiscard]] Tensor Forward(const StackedBatch& batch) const {
    const std::int64_t models = batch.sequence.size(0), steps = batch.sequence.size(1);
    const std::int64_t windows = batch.sequence.size(2), units = shape_.units;
    const Tensor inputs = torch::baddbmm(values_[kGateBias].unsqueeze(1),
                                         batch.sequence.reshape({models, steps * windows, -1}),
                                         values_[kInput].transpose(1, 2))
                              .view({models, steps, windows, kGates * units});
    const Tensor recurrent = values_[kRecurrent].transpose(1, 2);
    Tensor state, cell;
    for (std::int64_t step = 0; step < steps; ++step) {
      Tensor sums = inputs.select(1, step);
      if (step > 0) sums = torch::baddbmm(sums, state, recurrent);
      const auto gates = sums.chunk(kGates, 2);
      const Tensor gain = gates[0].sigmoid() * gates[2].tanh();
      cell = step > 0 ? gates[1].sigmoid() * cell + gain : gain;
      state = gates[3].sigmoid() * cell.tanh();
    }
    if (batch.keep.defined()) state = state * batch.keep;
    const Tensor head =
        torch::baddbmm(values_[kHeadBias].unsqueeze(1), state, values_[kHead].transpose(1, 2));
    return torch::baddbmm(head, batch.extras, values_[kLinear].transpose(1, 2));
  }

  // [factors, models]; one copy to the device a step.
  [[nodiscard]] Tensor Factors(const std::vector<const Batch*>& batches) {
    memory_.factors.Clear({static_cast<std::int64_t>(batches.size()), kFactorCount});
    for (std::size_t i = 0; i < batches.size(); ++i) {
      AdamSchedule& schedule = schedules_[i];
      std::array<float, kFactorCount> factors = {1, 1, 0, 1, 1, 0};
      if (batches[i] != nullptr) {
        schedule.Advance();
        factors = {AdamSchedule::kBeta1,     AdamSchedule::kBeta2,
                   schedule.rate(),          schedule.second_moment_scale(),
                   schedule.average_decay(), static_cast<float>(ShareOf(batches[i]))};
      }
      std::copy(factors.begin(), factors.end(), memory_.factors.At(i));
    }
    return memory_.factors.On(device_).t().contiguous();
  }

  void TakeAdamStep(const std::vector<Tensor>& gradients, const Tensor& factors) {
    const torch::NoGradGuard no_grad;
    const Tensor share = factors[kShare];
    Tensor squares = torch::zeros_like(share);
    for (const Tensor& gradient : gradients) {
      if (gradient.defined()) squares += gradient.flatten(1).square().sum(1);
    }
    const Tensor clip = share * kGradientNorm / (share * squares.sqrt()).clamp_min(kGradientNorm);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!gradients[i].defined()) continue;
      std::vector<std::int64_t> sizes(static_cast<std::size_t>(values_[i].dim()), 1);
      sizes[0] = share.numel();
      const auto of_models = [&](Factor factor) { return factors[factor].view(sizes); };
      const Tensor gradient = gradients[i] * clip.view(sizes);
      const Tensor beta1 = of_models(kBeta1), beta2 = of_models(kBeta2);
      const Tensor kept = of_models(kAverageDecay);
      first_moments_[i].mul_(beta1).add_(gradient * (1 - beta1));
      second_moments_[i].mul_(beta2).add_(gradient.square() * (1 - beta2));
      const Tensor divisor =
          second_moments_[i].sqrt() * of_models(kSecondMomentScale) + AdamSchedule::kEpsilon;
      values_[i].sub_(of_models(kRate) * first_moments_[i] / divisor);
      averages_[i].mul_(kept).add_(values_[i] * (1 - kept));
    }
  }

  std::vector<Network*> networks_;
  NetworkShape shape_;
  torch::Device device_;
  std::vector<AdamSchedule> schedules_;
  std::vector<DropoutMasks> masks_;
  bool any_dropout_ = false;
  std::vector<Tensor> values_, averages_, first_moments_, second_moments_;  // by WeightIndex
  struct {
    HostTensor sequence, extras, targets, counts, keep, factors;
  } memory_;
  std::vector<double> losses_;
};

}  // namespace

std::unique_ptr<LockstepTrainer> MakeStackedTrainer(const std::vector<Network*>& networks,
                                                    const std::vector<TrainerOptions>& options,
                                                    const std::string& device) {
  return std::make_unique<StackedTrainer>(networks, options, device);
}

}  // namespace fleetcast::forecast
