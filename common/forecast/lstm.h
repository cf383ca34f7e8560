// One LSTM layer over a whole sequence, differentiable: the inputs of all steps in one product, the
// gates of a step in one, and the weights' gradients as one product after the loop over time. About
// half the time of torch::lstm under autograd (docs/adr/0003-forecast-baseline.md).
#pragma once

#include <torch/torch.h>

namespace fleetcast::forecast {

// The state after the last step, [batch, units], from a zero state. `sequence` is
// [steps, batch, channels]; `input` [4 units, channels], `recurrent` [4 units, units] and `bias`
// [4 units] hold the gates in the order input, forget, cell, output. Gradients flow to the three
// weights, not to the sequence.
[[nodiscard]] torch::Tensor LastLstmState(const torch::Tensor& sequence, const torch::Tensor& input,
                                          const torch::Tensor& recurrent,
                                          const torch::Tensor& bias);

}  // namespace fleetcast::forecast
