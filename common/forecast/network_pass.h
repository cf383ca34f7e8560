// The network's arithmetic, on flat parameters, for one thread: what forecasting and training
// share.
#pragma once

#include <vector>

#include "common/forecast/aligned.h"
#include "common/forecast/dense_layer.h"
#include "common/forecast/lstm_layer.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {

// In the order of Network::WeightShapes.
enum WeightIndex { kInput, kRecurrent, kGateBias, kHead, kHeadBias, kLinear, kWeightCount };

// Where each weight tensor begins in the flat parameters, and where the last one ends.
[[nodiscard]] std::vector<std::size_t> WeightOffsets(const NetworkShape& shape);

// Of flat parameters.
[[nodiscard]] WeightView ViewOf(const NetworkShape& shape, const std::vector<std::size_t>& offsets,
                                const float* parameters);

// Not thread safe. Allocates nothing after the first batch of a size.
class NetworkPass {
 public:
  explicit NetworkPass(const NetworkShape& shape);

  // [windows, horizon], until the next call.
  const std::vector<float>& Predict(const WeightView& weights, const Batch& batch);
  // The same in training: `keep` [windows, units] multiplies the LSTM's state; empty keeps it.
  const std::vector<float>& Forward(const float* parameters, const Batch& batch,
                                    const std::vector<float>& keep);
  // Overwrites the gradients of the parameters given to Forward, from those of its output.
  // `keep` must be Forward's, and Forward's batch unchanged.
  void Backward(const float* parameters, const std::vector<float>& output_gradient,
                const std::vector<float>& keep, float* gradients);

 private:
  void Heads(const WeightView& weights, const Batch& batch);

  NetworkShape shape_;
  std::vector<std::size_t> offsets_;
  LstmShape lstm_shape_;
  LstmLayer<float> lstm_;
  DenseLayer<float> head_, linear_;
  std::vector<float> state_, state_gradient_, output_;
};

}  // namespace fleetcast::forecast
