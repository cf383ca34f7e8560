// One LSTM layer over a whole sequence, forward and backward, without LibTorch. The weights are
// repacked once a pass into the order in which the kernels read them; gates and states never leave
// that order. Nothing is allocated after the first pass of a size.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "common/forecast/aligned.h"
#include "common/forecast/kernels.h"

namespace fleetcast::forecast {

struct LstmShape {
  std::ptrdiff_t steps = 0, channels = 0, units = 0;
};

// Views of the weights by gate, in the order input, forget, cell, output: `input` [units,
// channels], `recurrent` [units, units], `bias` [units], all row-major.
template <typename Value>
struct LstmWeights {
  std::array<Value*, kGates> input, recurrent, bias;

  // Of tensors that hold the four gates one after the other.
  static LstmWeights Stacked(const LstmShape& shape, Value* input, Value* recurrent, Value* bias) {
    LstmWeights weights;
    for (std::ptrdiff_t gate = 0; gate < kGates; ++gate) {
      const auto at = static_cast<std::size_t>(gate);
      weights.input[at] = input + gate * shape.units * shape.channels;
      weights.recurrent[at] = recurrent + gate * shape.units * shape.units;
      weights.bias[at] = bias + gate * shape.units;
    }
    return weights;
  }
};

// Not thread safe: it owns the memory of a pass.
template <typename Real>
class LstmLayer {
 public:
  LstmLayer(const Kernels<Real>& kernels, const LstmShape& shape);

  // The state after the last step, [rows, units], from a zero state. `sequence` is
  // [steps, rows, channels].
  void Predict(const LstmWeights<const Real>& weights, const Real* sequence, std::ptrdiff_t rows,
               Real* last_state);
  // The same, and keeps what Backward needs.
  void Forward(const LstmWeights<const Real>& weights, const Real* sequence, std::ptrdiff_t rows,
               Real* last_state);
  // The gradients of the weights last given to Forward, from that of the last state [rows, units].
  void Backward(const LstmWeights<const Real>& weights, const Real* last_state_gradient,
                const LstmWeights<Real>& gradients);

 private:
  [[nodiscard]] std::ptrdiff_t padded_units() const { return unit_blocks_ * kernels_.lanes; }
  [[nodiscard]] std::ptrdiff_t state_size() const { return padded_units() * rows_; }
  void Pack(const LstmWeights<const Real>& weights);
  void PackForBackward(const LstmWeights<const Real>& weights);
  void PackInput(const Real* sequence);
  void LastState(const Real* state, Real* last_state) const;
  void StateGradient(const Real* gates, Real* gradient) const;
  void AddWeightGradients(std::ptrdiff_t first_step, std::ptrdiff_t steps);
  void Unpack(const LstmWeights<Real>& gradients) const;

  const Kernels<Real>& kernels_;
  LstmShape shape_;
  std::ptrdiff_t unit_blocks_, inputs_;  // inputs: the channels and a 1, whose weight is the bias
  std::ptrdiff_t rows_ = 0;
  AlignedVector<Real> panels_;           // forward panels
  AlignedVector<Real> backward_panels_;  // [vectors of units / 4, gate rows, 4 vectors]
  AlignedVector<Real> input_;            // [steps, rows, inputs]
  AlignedVector<Real> states_, cells_;   // [steps, ...]
  AlignedVector<Real> gates_;            // [steps, ...]; their gradients after Backward
  AlignedVector<Real> state_gradient_, cell_gradient_;
  AlignedVector<Real> recurrent_gradient_;  // [unit blocks, 4, lanes, units]
  AlignedVector<Real> input_gradient_;      // [unit blocks, inputs, 4, lanes]
};

}  // namespace fleetcast::forecast
