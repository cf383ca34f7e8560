// The epochs of one model: the order of its windows, its best weights, patience and learning rate.
// Whoever drives it takes the steps, so that models can take theirs together.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/forecast/input_choice.h"
#include "common/forecast/lockstep_trainer.h"
#include "common/forecast/training_progress.h"

namespace fleetcast::forecast {

// What it is given must outlive it. Not thread safe.
class TrainingLoop {
 public:
  TrainingLoop(const ModelSpec& spec, const InputTable& table, const Windows& windows,
               Network& network, Heartbeat& heartbeat);

  // Judges what training starts from. `trainer` steps the network as its `model`th.
  void Begin(LockstepTrainer& trainer, std::size_t model);
  // The windows of the next step, until the next call; null once training has ended.
  [[nodiscard]] const Batch* NextBatch();
  // To be told the loss of the step on them.
  void AfterStep(double loss);
  // Between steps: calls back if the last call is long enough ago.
  void Report();
  // Ends training for a reason from outside, unless it has ended already.
  void Fail(absl::Status status);

  // Why training ended before its time; OK where it did not.
  [[nodiscard]] const absl::Status& status() const { return status_; }
  // After its end: puts the best weights into the network.
  void RestoreBest() { network_.SetWeights(best_weights_); }
  [[nodiscard]] int best_epoch() const { return best_epoch_; }
  [[nodiscard]] std::vector<EpochProgress> TakeHistory() { return std::move(history_); }

 private:
  [[nodiscard]] absl::StatusOr<double> ValidationLoss() const;
  void StartEpoch(int epoch);
  [[nodiscard]] absl::Status CountStep(double loss);
  [[nodiscard]] absl::Status EndEpoch();

  const ModelSpec& spec_;
  const InputTable& table_;
  const Windows& windows_;
  Network& network_;
  Heartbeat& heartbeat_;
  LockstepTrainer* trainer_ = nullptr;
  std::size_t model_ = 0;  // in trainer_

  std::vector<std::size_t> order_;
  std::mt19937_64 shuffler_;
  double rate_;
  Batch batch_;

  int epoch_ = 0;
  std::size_t stepped_ = 0, windows_per_epoch_;  // windows
  double loss_sum_ = 0;                          // over the windows stepped on
  double best_loss_ = 0;
  Weights best_weights_;
  int best_epoch_ = 0;
  int epochs_since_best_ = 0;
  std::vector<EpochProgress> history_;
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace fleetcast::forecast
