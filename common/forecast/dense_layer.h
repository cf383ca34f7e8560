// A dense layer, output = input weights^T + bias, forward and backward, without LibTorch.
#pragma once

#include <cstddef>

#include "common/forecast/aligned.h"
#include "common/forecast/kernels.h"

namespace fleetcast::forecast {

// Not thread safe: it owns the memory of a pass. Nothing is allocated after the first pass of a
// size. Weights are [outputs, inputs], all arrays are row-major.
template <typename Real>
class DenseLayer {
 public:
  DenseLayer(const Kernels<Real>& kernels, std::ptrdiff_t inputs, std::ptrdiff_t outputs);

  // Adds to `output` [rows, outputs]; `bias` [outputs] may be null. Keeps a reference to `input`
  // [rows, inputs] for Backward.
  void Forward(const Real* weights, const Real* bias, const Real* input, std::ptrdiff_t rows,
               Real* output);
  // Overwrites the gradients with those of the last Forward, from that of its output.
  // `bias_gradient` and `input_gradient` [rows, inputs] may be null.
  void Backward(const Real* weights, const Real* output_gradient, Real* weight_gradient,
                Real* bias_gradient, Real* input_gradient);

 private:
  void InputGradient(const Real* weights, Real* input_gradient);

  const Kernels<Real>& kernels_;
  std::ptrdiff_t inputs_, outputs_;
  std::ptrdiff_t padded_inputs_, padded_outputs_;  // to whole vectors
  const Real* input_ = nullptr;
  std::ptrdiff_t rows_ = 0;
  AlignedVector<Real> by_input_;        // weights and then their gradient, [inputs, padded outputs]
  AlignedVector<Real> by_output_;       // [outputs, padded inputs]
  AlignedVector<Real> output_;          // [rows, padded outputs], and then its gradient
  AlignedVector<Real> input_gradient_;  // [rows, padded inputs]
};

}  // namespace fleetcast::forecast
