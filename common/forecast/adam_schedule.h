// What changes from one step of the optimizer to the next.
#pragma once

#include <algorithm>
#include <cmath>

namespace fleetcast::forecast {

constexpr double kGradientNorm = 1.0;  // gradients are clipped to it

// Adam's (Kingma & Ba 2015), and of the moving average of the weights.
class AdamSchedule {
 public:
  static constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

  explicit AdamSchedule(double learning_rate) : learning_rate_(learning_rate) {}

  void SetLearningRate(double learning_rate) { learning_rate_ = learning_rate; }
  void Advance() {
    beta1_power_ *= kBeta1;
    beta2_power_ *= kBeta2;
    ++steps_;
  }
  [[nodiscard]] float rate() const {
    return static_cast<float>(learning_rate_ / (1 - beta1_power_));
  }
  [[nodiscard]] float second_moment_scale() const {
    return static_cast<float>(1 / std::sqrt(1 - beta2_power_));
  }
  // About the last hundred steps; fewer at first, or the average would hang on to where training
  // began.
  [[nodiscard]] float average_decay() const {
    return static_cast<float>(std::min(0.99, (1 + steps_) / (10 + steps_)));
  }

 private:
  double learning_rate_;
  double beta1_power_ = 1, beta2_power_ = 1, steps_ = 0;
};

}  // namespace fleetcast::forecast
