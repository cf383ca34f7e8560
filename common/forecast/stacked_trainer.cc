// Lockstep on any device of LibTorch's: the weights of all models stacked in front, [models, ...],
// and one batched product where a single model would have one.
#include <torch/torch.h>

#include <stdexcept>
#include <utility>

#include "common/forecast/adam_schedule.h"
#include "common/forecast/dropout.h"
#include "common/forecast/lockstep_trainer.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

using torch::Tensor;

// Batches of all models as tensors on the device.
struct StackedBatch {
  Tensor sequence;  // [models, steps, windows, channels]
  Tensor extras;    // [models, windows, extras]
  Tensor targets;   // [models, windows, horizon]
  Tensor keep;      // [models, windows, units], or undefined
};

class StackedTrainer final : public LockstepTrainer {
 public:
  StackedTrainer(const std::vector<Network*>& networks, const std::vector<TrainerOptions>& options,
                 const std::string& device)
      : networks_(networks), shape_(networks.at(0)->shape()), device_(device) {
    for (const TrainerOptions& each : options) {
      schedules_.emplace_back(each.learning_rate);
      masks_.emplace_back(each.dropout, each.seed);
      if ((each.dropout > 0) != (options[0].dropout > 0)) {
        throw std::invalid_argument("models in lockstep have dropout all or none");
      }
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

  std::vector<double> Step(const std::vector<const Batch*>& batches) override {
    std::vector<bool> active;
    active.reserve(batches.size());
    for (const Batch* batch : batches) active.push_back(batch != nullptr);
    const StackedBatch stacked = Stack(batches);
    // Sums, not means, as in network_trainer.cc.
    const Tensor losses = (Forward(stacked) - stacked.targets).abs().flatten(1).sum(1);  // [models]
    const auto gradients = torch::autograd::grad({losses.sum()}, values_);
    const double share = 1 / static_cast<double>(stacked.targets[0].numel());
    TakeAdamStep(gradients, share, active);
    const Tensor on_cpu = (losses.detach() * share).to(torch::kCPU, torch::kFloat64);
    std::vector<double> result(batches.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (active[i]) result[i] = on_cpu[static_cast<std::int64_t>(i)].item<double>();
    }
    return result;
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
  // Models without a batch get another's: their results are not used.
  [[nodiscard]] StackedBatch Stack(const std::vector<const Batch*>& batches) {
    const Batch* any = nullptr;
    for (const Batch* batch : batches) any = batch != nullptr ? batch : any;
    if (any == nullptr) throw std::invalid_argument("no model has a batch");
    const auto size = static_cast<std::int64_t>(any->size);
    std::vector<float> sequence, extras, targets, keep;
    const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const Batch& batch = batches[i] != nullptr ? *batches[i] : *any;
      if (batch.size != any->size) throw std::invalid_argument("batches differ in size");
      append(sequence, batch.sequence);
      append(extras, batch.extras);
      append(targets, batch.targets);
      const std::size_t states = batch.size * static_cast<std::size_t>(shape_.units);
      // One that stands still draws nothing, so that it goes on as if it were alone.
      const std::vector<float> none(states, 1);
      if (masks_[i].enabled()) append(keep, batches[i] != nullptr ? masks_[i].Draw(states) : none);
    }
    const auto models = static_cast<std::int64_t>(batches.size());
    return {.sequence = OnDevice(sequence, {models, shape_.steps, size, shape_.channels}),
            .extras = OnDevice(extras, {models, size, shape_.extras}),
            .targets = OnDevice(targets, {models, size, shape_.horizon}),
            .keep = keep.empty() ? Tensor() : OnDevice(keep, {models, size, shape_.units})};
  }

  [[nodiscard]] Tensor OnDevice(std::vector<float>& values, at::IntArrayRef sizes) const {
    return torch::from_blob(values.data(), sizes, torch::kFloat32).to(device_, false, true);
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

  // A model that is not active keeps everything as it is.
  void TakeAdamStep(const std::vector<Tensor>& gradients, double share,
                    const std::vector<bool>& active) {
    const torch::NoGradGuard no_grad;
    std::vector<float> beta1, beta2, rate, scale, decay;
    for (std::size_t i = 0; i < active.size(); ++i) {
      if (active[i]) schedules_[i].Advance();
      beta1.push_back(active[i] ? AdamSchedule::kBeta1 : 1);
      beta2.push_back(active[i] ? AdamSchedule::kBeta2 : 1);
      rate.push_back(active[i] ? schedules_[i].rate() : 0);
      scale.push_back(active[i] ? schedules_[i].second_moment_scale() : 1);
      decay.push_back(active[i] ? schedules_[i].average_decay() : 1);
    }
    Tensor squares = torch::zeros({static_cast<std::int64_t>(active.size())}, device_);
    for (const Tensor& gradient : gradients) squares += gradient.flatten(1).square().sum(1);
    const Tensor clip = share * kGradientNorm / (share * squares.sqrt()).clamp_min(kGradientNorm);
    for (std::size_t i = 0; i < values_.size(); ++i) {
      std::vector<std::int64_t> sizes(static_cast<std::size_t>(values_[i].dim()), 1);
      sizes[0] = static_cast<std::int64_t>(active.size());
      const auto per_model = [&](std::vector<float>& values) { return OnDevice(values, sizes); };
      const Tensor gradient = gradients[i] * clip.view(sizes);
      const Tensor b1 = per_model(beta1), b2 = per_model(beta2), kept = per_model(decay);
      first_moments_[i].mul_(b1).add_(gradient * (1 - b1));
      second_moments_[i].mul_(b2).add_(gradient.square() * (1 - b2));
      const Tensor divisor = second_moments_[i].sqrt() * per_model(scale) + AdamSchedule::kEpsilon;
      values_[i].sub_(per_model(rate) * first_moments_[i] / divisor);
      averages_[i].mul_(kept).add_(values_[i] * (1 - kept));
    }
  }

  std::vector<Network*> networks_;
  NetworkShape shape_;
  torch::Device device_;
  std::vector<AdamSchedule> schedules_;
  std::vector<DropoutMasks> masks_;
  std::vector<Tensor> values_, averages_, first_moments_, second_moments_;  // by WeightIndex
};

}  // namespace

std::unique_ptr<LockstepTrainer> MakeStackedTrainer(const std::vector<Network*>& networks,
                                                    const std::vector<TrainerOptions>& options,
                                                    const std::string& device) {
  return std::make_unique<StackedTrainer>(networks, options, device);
}

}  // namespace fleetcast::forecast
