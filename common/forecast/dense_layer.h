// A dense layer, output = input weights^T + bias, without LibTorch.
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

  // Adds to `output` [rows, outputs]; `input` is [rows, inputs].
  void Forward(const Real* weights, const Real* bias, const Real* input, std::ptrdiff_t rows,
               Real* output);

 private:
  const Kernels<Real>& kernels_;
  std::ptrdiff_t inputs_, outputs_;
  std::ptrdiff_t padded_outputs_;  // to whole vectors
  AlignedVector<Real> by_input_;   // weights, [inputs, padded outputs]
  AlignedVector<Real> output_;     // [rows, padded outputs]
};

}  // namespace fleetcast::forecast
