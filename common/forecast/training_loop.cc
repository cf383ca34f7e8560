#include "common/forecast/training_loop.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fleetcast::forecast {
namespace {

// Epochs without a better validation loss before training ends.
constexpr int kPatience = 3;
// After every so many epochs without one the learning rate is halved.
constexpr int kRateHalvingPatience = 2;
// An epoch sees at most this many windows, drawn anew each time; the rest waits for later epochs.
constexpr std::size_t kMostWindowsPerEpoch = 4'096;
// In units of the target's usual change within the horizon: nothing that learns is this far off.
constexpr double kDivergedLoss = 25;

}  // namespace

TrainingLoop::TrainingLoop(const ModelSpec& spec, const InputTable& table, const Windows& windows,
                           Network& network, Heartbeat& heartbeat)
    : spec_(spec),
      table_(table),
      windows_(windows),
      network_(network),
      heartbeat_(heartbeat),
      order_(windows.train),
      shuffler_(spec.seed + 2),
      rate_(spec.learning_rate),
      windows_per_epoch_(std::min(order_.size(), kMostWindowsPerEpoch)) {}

void TrainingLoop::Begin(LockstepTrainer& trainer, std::size_t model) {
  trainer_ = &trainer;
  model_ = model;
  if (ended_) return;
  const absl::StatusOr<double> loss = ValidationLoss();
  if (!loss.ok()) return Fail(loss.status());
  best_loss_ = *loss;
  best_weights_ = network_.CopyWeights();
  StartEpoch(1);
}

const Batch* TrainingLoop::NextBatch() {
  if (ended_) return nullptr;
  const std::size_t size =
      std::min(static_cast<std::size_t>(spec_.batch_size), windows_per_epoch_ - stepped_);
  batch_ = table_.MakeBatch(order_.data() + stepped_, size, /*with_targets=*/true);
  return &batch_;
}

void TrainingLoop::AfterStep(double loss) {
  absl::Status status = CountStep(loss);
  if (status.ok() && stepped_ == windows_per_epoch_) status = EndEpoch();
  if (!status.ok()) Fail(std::move(status));
}

void TrainingLoop::Report() {
  if (!ended_ && !heartbeat_.Beat()) Fail(heartbeat_.Cancelled());
}

void TrainingLoop::Fail(absl::Status status) {
  if (ended_) return;
  ended_ = true;
  status_ = std::move(status);
}

void TrainingLoop::StartEpoch(int epoch) {
  epoch_ = epoch;
  heartbeat_.StartEpoch(epoch);
  std::shuffle(order_.begin(), order_.end(), shuffler_);
  stepped_ = 0;
  loss_sum_ = 0;
}

absl::Status TrainingLoop::CountStep(double loss) {
  if (!std::isfinite(loss)) return Diverged(epoch_, loss);
  stepped_ += batch_.size;
  loss_sum_ += loss * static_cast<double>(batch_.size);
  heartbeat_.SetTrainingLoss(loss_sum_ / static_cast<double>(stepped_));
  return heartbeat_.Beat() ? absl::OkStatus() : heartbeat_.Cancelled();
}

absl::StatusOr<double> TrainingLoop::ValidationLoss() const {
  FLEETCAST_ASSIGN_OR_RETURN(const Losses losses,
                             LossesOver(windows_.validation, network_, table_, heartbeat_));
  if (!std::isfinite(losses.all())) return Diverged(std::max(1, epoch_), losses.all());
  return losses.all();
}

// Judges the average of the weights, remembers it if it is the best so far, else lowers the
// learning rate.
absl::Status TrainingLoop::EndEpoch() {
  const double training_loss = loss_sum_ / static_cast<double>(windows_per_epoch_);
  if (training_loss > kDivergedLoss) return Diverged(epoch_, training_loss);
  trainer_->SwapAverage(model_);
  FLEETCAST_ASSIGN_OR_RETURN(const double loss, ValidationLoss());
  const bool best = loss < best_loss_;
  if (best) {
    best_loss_ = loss;
    best_weights_ = network_.CopyWeights();
    best_epoch_ = epoch_;
  }
  trainer_->SwapAverage(model_);
  heartbeat_.SetLosses(training_loss, loss);
  history_.push_back(heartbeat_.progress());
  if (!heartbeat_.Report()) return heartbeat_.Cancelled();
  epochs_since_best_ = best ? 0 : epochs_since_best_ + 1;
  if (epochs_since_best_ == kRateHalvingPatience) trainer_->SetLearningRate(model_, rate_ /= 2);
  ended_ = epochs_since_best_ == kPatience || epoch_ == spec_.epochs;
  if (!ended_) StartEpoch(epoch_ + 1);
  return absl::OkStatus();
}

}  // namespace fleetcast::forecast
