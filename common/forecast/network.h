// The network and one step of its training. What LibTorch throws leaves as std::exception and is
// caught by this folder's callers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::forecast {

struct NetworkShape {
  int steps = 0;     // of the LSTM
  int channels = 0;  // per step
  int extras = 0;    // inputs of the linear path
  int horizon = 0;
  int units = 0;
};

// Windows, ready for the network.
struct Batch {
  std::size_t size = 0;
  std::vector<float> sequence;  // [steps, size, channels]
  std::vector<float> extras;    // [size, extras]
  std::vector<float> targets;   // [size, horizon]; empty when forecasting
};

struct WeightShape {
  std::string name;
  std::vector<std::int64_t> sizes;
};

// Values of each tensor of WeightShapes, in its order, row-major.
using Weights = std::vector<std::vector<float>>;

// Where the weights of a network lie, with the shapes of WeightShapes; the LSTM's gate by gate, in
// the order input, forget, cell, output.
struct WeightView {
  std::array<const float*, 4> input{}, recurrent{}, bias{};
  const float *head = nullptr, *head_bias = nullptr, *linear = nullptr;
};

// output = head(dropout(LSTM(sequence)'s last state)) + linear(extras).
// The linear path is the "highway" of LSTNet (Lai et al. 2018, section 3.6). Both outputs start at
// zero: an untrained network forecasts no change.
class Network {
 public:
  [[nodiscard]] static std::vector<WeightShape> WeightShapes(const NetworkShape& shape);

  // Random weights from `seed`.
  Network(const NetworkShape& shape, std::uint64_t seed);
  // `weights` must have WeightShapes(shape).
  Network(const NetworkShape& shape, const Weights& weights);
  // To forecast with weights where they lie (in a mapped file, say), without a copy; `owner` keeps
  // them there. It cannot be trained, and SetWeights makes it an ordinary network.
  Network(const NetworkShape& shape, const WeightView& weights, std::shared_ptr<const void> owner);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  [[nodiscard]] const NetworkShape& shape() const;
  // [size, horizon]. Thread safe.
  [[nodiscard]] std::vector<float> Predict(const Batch& batch) const;
  [[nodiscard]] Weights CopyWeights() const;
  void SetWeights(const Weights& weights);
  // `weights` is [horizon, extras].
  void SetLinearPath(const std::vector<float>& weights);
  // Multiplies every output from now on by `factor`.
  void ScaleOutput(float factor);

 private:
  struct State;
  std::unique_ptr<State> state_;
  friend class NetworkTrainer;
};

// What a step of training needs and leaves nothing in.
struct TrainerMemory;
[[nodiscard]] std::shared_ptr<TrainerMemory> MakeTrainerMemory(const NetworkShape& shape);

struct TrainerOptions {
  double dropout = 0;
  double learning_rate = 0.001;
  std::uint64_t seed = 0;  // of the dropout masks
};

// Adam on the mean absolute error, gradients clipped to norm 1, and a moving average of the weights
// (Polyak and Juditsky 1992), which forecasts better than the weights after any one step. Draws
// from a generator of its own, so that trainings in other threads change nothing. Not thread safe;
// `network` must outlive it.
class NetworkTrainer {
 public:
  // Trainers of one shape that take turns on one thread may share their memory, which then stays in
  // the cache; null for memory of its own.
  NetworkTrainer(Network& network, const TrainerOptions& options,
                 std::shared_ptr<TrainerMemory> memory = nullptr);
  ~NetworkTrainer();
  NetworkTrainer(const NetworkTrainer&) = delete;
  NetworkTrainer& operator=(const NetworkTrainer&) = delete;

  void SetLearningRate(double learning_rate);
  // One step; returns the batch's loss before it.
  double Step(const Batch& batch);
  // Exchanges the network's weights and their average: to be judged and kept, and back to train on.
  void SwapAverage();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
