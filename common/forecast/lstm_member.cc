#include "common/forecast/lstm_member.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "common/forecast/lstm_module.h"

namespace fleetcast::forecast {
namespace {

// Epochs without a better loss before training ends.
constexpr int kPatience = 3;
// After every so many epochs without one the learning rate is halved.
constexpr int kRateHalvingPatience = 2;
// An epoch sees at most this many windows, drawn anew each time; the rest waits for later epochs.
constexpr std::int64_t kMostWindowsPerEpoch = 4'096;
// In units of the target's usual change within the horizon: nothing that learns is this far off.
constexpr double kDivergedLoss = 10;
constexpr std::int64_t kJudgedAtOnce = 512;

// Windows as tensors; a target without a reading is 0 and does not count.
struct Tensors {
  Tensors(const NetworkShape& shape, const LstmWindows& windows) {
    const auto count = static_cast<std::int64_t>(windows.count);
    sequences = torch::from_blob(const_cast<float*>(windows.sequences.data()),
                                 {count, shape.steps, shape.channels});
    const torch::Tensor all =
        torch::from_blob(const_cast<float*>(windows.targets.data()), {count, shape.horizon});
    counts = torch::isfinite(all).to(torch::kFloat32);
    targets = torch::nan_to_num(all, 0, 0, 0);
  }

  torch::Tensor sequences, targets, counts;
};

class Loop {
 public:
  Loop(const ModelSpec& spec, const NetworkShape& shape, const LstmWindows& train,
       const LstmWindows& choosing, Heartbeat& heartbeat)
      : spec_(spec),
        module_(shape, spec.seed),
        train_(shape, train),
        choosing_(shape, choosing),
        heartbeat_(heartbeat),
        generator_(at::detail::createCPUGenerator(spec.seed)),
        rate_(spec.learning_rate) {
    module_.SetLearningRate(rate_);
  }

  absl::StatusOr<TrainedLstm> Run() {
    int since_best = 0;
    for (int epoch = 1; epoch <= spec_.epochs && since_best < kPatience; ++epoch) {
      heartbeat_.StartEpoch(epoch);
      FLEETCAST_ASSIGN_OR_RETURN(const double training_loss, TrainEpoch(epoch));
      FLEETCAST_ASSIGN_OR_RETURN(const bool best, Judge(epoch, training_loss));
      since_best = best ? 0 : since_best + 1;
      if (since_best == kRateHalvingPatience) module_.SetLearningRate(rate_ /= 2);
    }
    return std::move(trained_);
  }

 private:
  absl::StatusOr<double> TrainEpoch(int epoch) {
    const std::int64_t windows = train_.sequences.size(0);
    const torch::Tensor order = torch::randperm(windows, generator_, torch::kInt64);
    const std::int64_t end = std::min(windows, kMostWindowsPerEpoch);
    double loss_sum = 0, count_sum = 0;
    for (std::int64_t begin = 0; begin < end; begin += spec_.batch_size) {
      const torch::Tensor rows =
          order.narrow(0, begin, std::min<std::int64_t>(spec_.batch_size, end - begin));
      const torch::Tensor counts = train_.counts.index_select(0, rows);
      const auto count = counts.sum().item<double>();
      if (count == 0) continue;
      const double loss = Step(rows, counts, count);
      if (!std::isfinite(loss)) return Diverged(epoch, loss);
      loss_sum += loss;
      count_sum += count;
      heartbeat_.SetTrainingLoss(loss_sum / count_sum);
      if (!heartbeat_.Beat()) return heartbeat_.Cancelled();
    }
    const double loss = loss_sum / std::max(1.0, count_sum);
    if (loss > kDivergedLoss) return Diverged(epoch, loss);
    return loss;
  }

  // The sum of absolute errors, not their mean: sums of signs are exact, so that a gradient of zero
  // is zero on every kernel, and Adam does not make a step of what rounding leaves.
  double Step(const torch::Tensor& rows, const torch::Tensor& counts, double count) {
    const torch::Tensor output =
        module_.Forward(train_.sequences.index_select(0, rows), DrawMask(rows.size(0)));
    const torch::Tensor errors = (output - train_.targets.index_select(0, rows)) * counts;
    const torch::Tensor loss = errors.abs().sum();
    loss.backward();
    module_.TakeStep(1 / count);
    return loss.item<double>();
  }

  torch::Tensor DrawMask(std::int64_t windows) {
    if (spec_.dropout <= 0) return {};
    const double kept = 1 - spec_.dropout;
    return torch::empty({windows, spec_.lstm_units}).bernoulli_(kept, generator_).div_(kept);
  }

  // Judges the average of the weights, and keeps it if it is the best so far.
  absl::StatusOr<bool> Judge(int epoch, double training_loss) {
    module_.SwapAverage();
    const double loss = ChoosingLoss();
    const bool best = trained_.best_epoch == 0 || loss < trained_.loss;
    if (!std::isfinite(loss)) return Diverged(epoch, loss);
    if (best) {
      trained_.weights = module_.CopyWeights();
      trained_.best_epoch = epoch;
      trained_.loss = loss;
    }
    module_.SwapAverage();
    heartbeat_.SetLosses(training_loss, loss);
    trained_.history.push_back(heartbeat_.progress());
    if (!heartbeat_.Report()) return heartbeat_.Cancelled();
    return best;
  }

  double ChoosingLoss() {
    const torch::NoGradGuard no_grad;
    double sum = 0;
    for (std::int64_t begin = 0; begin < choosing_.sequences.size(0); begin += kJudgedAtOnce) {
      const std::int64_t size = std::min(kJudgedAtOnce, choosing_.sequences.size(0) - begin);
      const auto part = [&](const torch::Tensor& all) { return all.narrow(0, begin, size); };
      const torch::Tensor errors =
          (module_.Forward(part(choosing_.sequences), {}) - part(choosing_.targets)) *
          part(choosing_.counts);
      sum += errors.abs().sum().item<double>();
    }
    return sum / std::max(1.0, choosing_.counts.sum().item<double>());
  }

  const ModelSpec& spec_;
  LstmModule module_;
  Tensors train_, choosing_;
  Heartbeat& heartbeat_;
  at::Generator generator_;
  double rate_;
  TrainedLstm trained_;
};

}  // namespace

absl::StatusOr<TrainedLstm> TrainLstm(const ModelSpec& spec, const NetworkShape& shape,
                                      const LstmWindows& train, const LstmWindows& choosing,
                                      Heartbeat& heartbeat) {
  return Loop(spec, shape, train, choosing, heartbeat).Run();
}

}  // namespace fleetcast::forecast
