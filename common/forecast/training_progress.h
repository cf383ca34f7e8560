// How a training tells its caller how far it is, and why it ended early.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/base/status.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

[[nodiscard]] inline absl::Status Diverged(int epoch, double loss) {
  return Refused(absl::StatusCode::kAborted, "TRAINING_DIVERGED",
                 "training diverged in epoch " + std::to_string(epoch) + " (loss " +
                     std::to_string(loss) + "); lower learning_rate",
                 {{"epoch", std::to_string(epoch)}, {"loss", std::to_string(loss)}});
}

inline constexpr auto kProgressPeriod = std::chrono::seconds(1);

// Tells the caller how far training is, and whether to go on.
class Heartbeat {
 public:
  Heartbeat(ProgressCallback callback, int epochs) : callback_(std::move(callback)) {
    progress_.epochs = epochs;
  }

  void StartEpoch(int epoch) {
    progress_.epoch = epoch;
    progress_.training_loss = 0;
  }
  void SetLosses(double training, double validation) {
    progress_.training_loss = training;
    progress_.validation_loss = validation;
  }
  void SetTrainingLoss(double loss) { progress_.training_loss = loss; }
  [[nodiscard]] const EpochProgress& progress() const { return progress_; }

  // Calls back if the last call is long enough ago.
  bool Beat() { return std::chrono::steady_clock::now() - last_ < kProgressPeriod || Report(); }
  bool Report() {
    if (callback_ && !cancelled_) cancelled_ = !callback_(progress_);
    last_ = std::chrono::steady_clock::now();
    return !cancelled_;
  }
  [[nodiscard]] absl::Status Cancelled() const {
    return Refused(absl::StatusCode::kCancelled, "TRAINING_CANCELLED",
                   "training was cancelled in epoch " + std::to_string(progress_.epoch),
                   {{"epoch", std::to_string(progress_.epoch)}});
  }

 private:
  ProgressCallback callback_;
  EpochProgress progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool cancelled_ = false;
};

}  // namespace fleetcast::forecast
