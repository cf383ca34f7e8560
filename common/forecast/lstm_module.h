// The LSTM and its head as LibTorch sees them: one flat tensor of parameters and one of gradients,
// whose parts are the leaves of autograd's graph. Includes torch.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "common/forecast/adam_schedule.h"
#include "common/forecast/lstm_layer.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {

// Not thread safe.
class LstmModule {
 public:
  // Random weights from `seed`; the head starts at zero, the forget gate open.
  LstmModule(const NetworkShape& shape, std::uint64_t seed);
  LstmModule(const LstmModule&) = delete;
  LstmModule& operator=(const LstmModule&) = delete;

  // [batch, horizon] of `sequence` [batch, steps, channels]; `keep` [batch, units] multiplies the
  // LSTM's last state, undefined keeps it.
  [[nodiscard]] torch::Tensor Forward(const torch::Tensor& sequence, const torch::Tensor& keep);
  // One step of Adam on `share` of the gradients that backward() has left; zeroes them.
  void TakeStep(double share);
  void SetLearningRate(double rate) { schedule_.SetLearningRate(rate); }
  // Exchanges the weights and their moving average: to be judged and kept, and back to train on.
  void SwapAverage();
  [[nodiscard]] Weights CopyWeights() const;

 private:
  NetworkShape shape_;
  LstmLayer<float> layer_;
  AdamSchedule schedule_;
  torch::Tensor values_, gradients_, first_moments_, second_moments_, average_;  // flat
  std::vector<torch::Tensor> leaves_;  // input, recurrent, bias, head, head bias
};

}  // namespace fleetcast::forecast
