// The inner loops of training and forecasting, as a table of functions that exists once per vector
// width; the widest that the CPU has is chosen when the process starts. All take plain pointers,
// none allocates, all are thread safe.
//
// A vector is `lanes` values. Units are padded to whole vectors ("unit blocks"), with zeros that
// stay zero. Layouts, outermost dimension first:
//   states, cells   [unit blocks, rows, lanes]
//   gates           [unit blocks, rows, 4 (input, forget, cell, output), lanes]
//   forward panels  [unit blocks, units + inputs, 4, lanes]: a unit block's weights, as read
// so that every product below walks memory in order and needs no copy of its operands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fleetcast::forecast {

constexpr std::ptrdiff_t kGates = 4;

// c (+)= a b, with a of [rows, blocks * depth] and c of [rows, vectors * lanes]. Either `a_row` or
// `a_depth` is 1. Strides are in values.
template <typename Real>
struct Product {
  std::ptrdiff_t rows = 0, vectors = 0, blocks = 1, depth = 0;
  const Real* a = nullptr;
  std::ptrdiff_t a_row = 0, a_depth = 0, a_block = 0;
  const Real* b = nullptr;
  std::ptrdiff_t b_depth = 0, b_vector = 0, b_block = 0;
  Real* c = nullptr;
  std::ptrdiff_t c_row = 0, c_vector = 0;
  bool add = false;  // to what c holds; else c is overwritten
};

// One step of the LSTM, in time.
template <typename Real>
struct StepForward {
  std::ptrdiff_t rows = 0, unit_blocks = 0, inputs = 0;
  const Real* panels = nullptr;
  const Real* input = nullptr;         // [rows, inputs]
  const Real* state_before = nullptr;  // null at the first step: zero
  const Real* cell_before = nullptr;   // likewise
  Real* state = nullptr;               // not state_before
  Real* cell = nullptr;                // may be cell_before
  Real* gates = nullptr;               // after their nonlinearities; null if nobody needs them
};

// One step of the LSTM, back in time, without its products.
template <typename Real>
struct StepBackward {
  std::ptrdiff_t rows = 0, unit_blocks = 0;
  const Real* cell_before = nullptr;  // null at the first step: zero
  const Real* cell = nullptr;
  const Real* state_gradient = nullptr;
  Real* cell_gradient = nullptr;  // of this step's cell; becomes that of the cell before
  Real* gates = nullptr;          // become the gradients of the gates before their nonlinearities
};

// One step of Adam (Kingma & Ba 2015), with LibTorch's order of operations.
template <typename Real>
struct AdamStep {
  std::ptrdiff_t size = 0;
  Real* values = nullptr;
  const Real* gradients = nullptr;
  Real *first_moments = nullptr, *second_moments = nullptr;
  Real gradient_scale = 1;  // applied first: from clipping
  Real beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  Real rate = 0;                 // learning rate / (1 - beta1^step)
  Real second_moment_scale = 1;  // 1 / sqrt(1 - beta2^step)
  // Become average_decay times themselves and the rest of the new values; null for none.
  Real* averages = nullptr;
  Real average_decay = 0;
};

template <typename Real>
struct Kernels {
  const char* name;  // "avx512", "avx2" or "portable"
  std::ptrdiff_t lanes;
  void (*multiply)(const Product<Real>&);
  void (*step_forward)(const StepForward<Real>&);
  void (*step_backward)(const StepBackward<Real>&);
  // to[column * to_stride + row] = from[row * from_stride + column].
  void (*transpose)(const Real* from, std::ptrdiff_t from_stride, std::ptrdiff_t rows,
                    std::ptrdiff_t columns, Real* to, std::ptrdiff_t to_stride);
  void (*adam)(const AdamStep<Real>&);
  double (*sum_of_squares)(const Real* values, std::ptrdiff_t size);
};

// Those that this CPU can run, the fastest first; the portable ones are always the last.
[[nodiscard]] const std::vector<const Kernels<float>*>& AvailableKernels();
// Portable; for tests of the mathematics.
[[nodiscard]] const Kernels<double>& DoubleKernels();

}  // namespace fleetcast::forecast
