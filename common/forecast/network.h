// The network that forecasts: what training has made of all members of a model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fleetcast::forecast {

struct NetworkShape {
  int steps = 0;     // of the LSTM; 0: there is none
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
  const float *head = nullptr, *head_bias = nullptr, *linear = nullptr, *linear_bias = nullptr;
};

// output = head(LSTM(sequence)'s last state) + linear(extras), each with a bias.
class Network {
 public:
  // Without an LSTM its tensors and its head's are not there.
  [[nodiscard]] static std::vector<WeightShape> WeightShapes(const NetworkShape& shape);

  // `weights` must have WeightShapes(shape); throws std::invalid_argument.
  Network(const NetworkShape& shape, const Weights& weights);
  // To forecast with weights where they lie (in a mapped file, say), without a copy; `owner` keeps
  // them there.
  Network(const NetworkShape& shape, const WeightView& weights, std::shared_ptr<const void> owner);
  ~Network();
  Network(Network&&) noexcept;
  Network& operator=(Network&&) noexcept;

  [[nodiscard]] const NetworkShape& shape() const;
  // [size, horizon]. Thread safe.
  [[nodiscard]] std::vector<float> Predict(const Batch& batch) const;
  [[nodiscard]] Weights CopyWeights() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::forecast
