// The network and one step of its training. The only code that includes torch is behind this
// header; failures inside LibTorch leave as std::exception and are caught by this folder's callers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::forecast {

struct NetworkShape {
  int steps = 0;
  int channels = 0;      // per step
  int own_channels = 0;  // the first of them; the others start closed
  int lags = 0;          // further inputs per window
  int horizon = 0;
  int units = 0;
};

// Windows, ready for the network.
struct Batch {
  std::size_t size = 0;
  std::vector<float> sequence;  // [steps, size, channels]; channel 0 is the target's change
  std::vector<float> lags;      // [size, lags]
  std::vector<float> targets;   // [size, horizon]; empty when forecasting
};

struct WeightShape {
  std::string name;
  std::vector<std::int64_t> sizes;
};

// Values of each tensor of WeightShapes, in its order, row-major.
using Weights = std::vector<std::vector<float>>;

// output = head(dropout(LSTM(sequence)'s last state)) + linear(channel 0 of the sequence, lags).
// The linear path is the "highway" of LSTNet (Lai et al. 2018, section 3.6). Both outputs start at
// zero: an untrained network forecasts no change.
class Network {
 public:
  [[nodiscard]] static std::vector<WeightShape> WeightShapes(const NetworkShape& shape);

  // Random weights from `seed`.
  Network(const NetworkShape& shape, std::uint64_t seed);
  // `weights` must have WeightShapes(shape).
  Network(const NetworkShape& shape, const Weights& weights);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  [[nodiscard]] const NetworkShape& shape() const;
  // [size, horizon]. Thread safe.
  [[nodiscard]] std::vector<float> Predict(const Batch& batch) const;
  [[nodiscard]] Weights CopyWeights() const;
  void SetWeights(const Weights& weights);

 private:
  struct State;
  std::unique_ptr<State> state_;
  friend class NetworkTrainer;
};

struct TrainerOptions {
  double dropout = 0;
  double learning_rate = 0.001;
  std::uint64_t seed = 0;  // of the dropout masks
};

// Adam on the mean absolute error, gradients clipped to norm 1. Draws from a generator of its own,
// so that trainings in other threads change nothing. Not thread safe; `network` must outlive it.
class NetworkTrainer {
 public:
  NetworkTrainer(Network& network, const TrainerOptions& options);
  ~NetworkTrainer();
  NetworkTrainer(const NetworkTrainer&) = delete;
  NetworkTrainer& operator=(const NetworkTrainer&) = delete;

  // Sets the linear path by ridge regression on all windows added: a start from which few epochs
  // remain. Both do nothing where the inputs are too many for that.
  void AddToLinearFit(const Batch& batch);
  void FitLinear();
  // From now on the channels beyond own_channels are trained too.
  void OpenAllChannels();
  void SetLearningRate(double learning_rate);
  // Forgets Adam's moments: for weights that were set anew.
  void ResetMoments();
  // One step; returns the batch's loss before it.
  double Step(const Batch& batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
