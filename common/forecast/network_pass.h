// The network's arithmetic, for one thread.
#pragma once

#include <vector>

#include "common/forecast/dense_layer.h"
#include "common/forecast/lstm_layer.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {

// In the order of Network::WeightShapes where there is an LSTM.
enum WeightIndex { kInput, kRecurrent, kGateBias, kHead, kHeadBias, kLinear, kLinearBias };

// Where each weight tensor would begin in one flat array, and where the last one would end.
[[nodiscard]] std::vector<std::size_t> WeightOffsets(const NetworkShape& shape);

// Not thread safe. Allocates nothing after the first batch of a size.
class NetworkPass {
 public:
  explicit NetworkPass(const NetworkShape& shape);

  // [windows, horizon], until the next call.
  const std::vector<float>& Predict(const WeightView& weights, const Batch& batch);

 private:
  NetworkShape shape_;
  LstmLayer<float> lstm_;
  DenseLayer<float> head_, linear_;
  std::vector<float> state_, output_;
};

}  // namespace fleetcast::forecast
