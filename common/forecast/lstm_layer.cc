#include "common/forecast/lstm_layer.h"

#include <algorithm>

namespace fleetcast::forecast {
namespace {

using Size = std::ptrdiff_t;

// How many rows of gradients make one product for the weights': enough to keep the result in
// registers for long, few enough to find them in the cache.
constexpr Size kGradientRows = 96;

}  // namespace

template <typename Real>
LstmLayer<Real>::LstmLayer(const Kernels<Real>& kernels, const LstmShape& shape)
    : kernels_(kernels),
      shape_(shape),
      unit_blocks_((shape.units + kernels.lanes - 1) / kernels.lanes),
      inputs_(shape.channels + 1) {}

template <typename Real>
void LstmLayer<Real>::Pack(const LstmWeights<const Real>& weights) {
  const Size lanes = kernels_.lanes, panel = kGates * lanes, units = shape_.units;
  panels_.resize(static_cast<std::size_t>(unit_blocks_ * (padded_units() + inputs_) * panel));
  for (Size block = 0; block < unit_blocks_; ++block) {
    const Size first = block * lanes, count = std::min(lanes, units - first);
    for (Size gate = 0; gate < kGates; ++gate) {
      const auto g = static_cast<std::size_t>(gate);
      Real* to = panels_.data() + block * (padded_units() + inputs_) * panel + gate * lanes;
      kernels_.transpose(weights.recurrent[g] + first * units, units, count, units, to, panel);
      to += padded_units() * panel;
      kernels_.transpose(weights.input[g] + first * shape_.channels, shape_.channels, count,
                         shape_.channels, to, panel);
      std::copy_n(weights.bias[g] + first, count, to + shape_.channels * panel);
    }
  }
}

template <typename Real>
void LstmLayer<Real>::PackForBackward(const LstmWeights<const Real>& weights) {
  const Size lanes = kernels_.lanes, units = shape_.units;
  const Size gate_rows = unit_blocks_ * kGates * lanes;
  backward_panels_.resize(static_cast<std::size_t>(gate_rows * padded_units()));
  for (Size unit = 0; unit < units; ++unit) {
    for (Size gate = 0; gate < kGates; ++gate) {
      const Real* from = weights.recurrent[static_cast<std::size_t>(gate)] + unit * units;
      const Size row = (unit / lanes * kGates + gate) * lanes + unit % lanes;
      for (Size column = 0; column < units; column += 4 * lanes) {
        const Size width = std::min(4 * lanes, padded_units() - column);
        std::copy_n(from + column, std::min(width, units - column),
                    backward_panels_.data() + column * gate_rows + row * width);
      }
    }
  }
}

template <typename Real>
void LstmLayer<Real>::PackInput(const Real* sequence) {
  const Size channels = shape_.channels;
  input_.resize(static_cast<std::size_t>(shape_.steps * rows_ * inputs_));
  Real* to = input_.data();
  for (Size row = 0; row < shape_.steps * rows_; ++row) {
    to = std::copy_n(sequence + row * channels, channels, to);
    *to++ = 1;
  }
}

template <typename Real>
void LstmLayer<Real>::LastState(const Real* state, Real* last_state) const {
  for (Size unit = 0; unit < shape_.units; unit += kernels_.lanes) {
    const Size count = std::min(kernels_.lanes, shape_.units - unit);
    for (Size row = 0; row < rows_; ++row) {
      std::copy_n(state + unit * rows_ + row * kernels_.lanes, count,
                  last_state + row * shape_.units + unit);
    }
  }
}

template <typename Real>
void LstmLayer<Real>::Predict(const LstmWeights<const Real>& weights, const Real* sequence,
                              Size rows, Real* last_state) {
  rows_ = rows;
  Pack(weights);
  PackInput(sequence);
  states_.resize(static_cast<std::size_t>(2 * state_size()));
  cells_.resize(static_cast<std::size_t>(state_size()));
  StepForward<Real> step{.rows = rows, .unit_blocks = unit_blocks_, .inputs = inputs_};
  step.panels = panels_.data();
  step.cell = cells_.data();
  for (Size t = 0; t < shape_.steps; ++t) {
    step.input = input_.data() + t * rows * inputs_;
    step.state = states_.data() + t % 2 * state_size();
    kernels_.step_forward(step);
    step.state_before = step.state;
    step.cell_before = step.cell;
  }
  LastState(step.state, last_state);
}

template <typename Real>
void LstmLayer<Real>::Forward(const LstmWeights<const Real>& weights, const Real* sequence,
                              Size rows, Real* last_state) {
  rows_ = rows;
  Pack(weights);
  PackInput(sequence);
  const auto all_states = static_cast<std::size_t>(shape_.steps * state_size());
  states_.resize(all_states);
  cells_.resize(all_states);
  gates_.resize(kGates * all_states);
  StepForward<Real> step{.rows = rows, .unit_blocks = unit_blocks_, .inputs = inputs_};
  step.panels = panels_.data();
  for (Size t = 0; t < shape_.steps; ++t) {
    step.input = input_.data() + t * rows * inputs_;
    step.state = states_.data() + t * state_size();
    step.cell = cells_.data() + t * state_size();
    step.gates = gates_.data() + t * kGates * state_size();
    kernels_.step_forward(step);
    step.state_before = step.state;
    step.cell_before = step.cell;
  }
  LastState(step.state, last_state);
}

// [unit blocks, rows, lanes], of the state before, from the gradients of a step's gates.
template <typename Real>
void LstmLayer<Real>::StateGradient(const Real* gates, Real* gradient) const {
  const Size lanes = kernels_.lanes, panel = kGates * lanes;
  const Size gate_rows = unit_blocks_ * panel;
  for (Size vector = 0; vector < unit_blocks_; vector += 4) {
    const Size vectors = std::min(Size{4}, unit_blocks_ - vector);
    // Two unit blocks' gates at a time: their part of the panel stays in the first-level cache.
    for (Size block = 0; block < unit_blocks_; block += 2) {
      const Size blocks = std::min(Size{2}, unit_blocks_ - block);
      Product<Real> product{.rows = rows_, .vectors = vectors, .blocks = blocks, .depth = panel};
      product.a = gates + block * rows_ * panel;
      product.a_row = panel;
      product.a_depth = 1;
      product.a_block = rows_ * panel;
      product.b =
          backward_panels_.data() + vector * lanes * gate_rows + block * panel * vectors * lanes;
      product.b_depth = vectors * lanes;
      product.b_vector = lanes;
      product.b_block = panel * vectors * lanes;
      product.c = gradient + vector * rows_ * lanes;
      product.c_row = lanes;
      product.c_vector = rows_ * lanes;
      product.add = block > 0;
      kernels_.multiply(product);
    }
  }
}

template <typename Real>
void LstmLayer<Real>::AddWeightGradients(Size first_step, Size steps) {
  const Size lanes = kernels_.lanes, panel = kGates * lanes;
  const bool last = first_step + steps == shape_.steps;  // and so the first that is added
  const Real* gates = gates_.data() + first_step * kGates * state_size();
  // The first step has no state before it.
  const Size skipped = first_step == 0 ? 1 : 0;
  Product<Real> recurrent{
      .rows = panel, .vectors = unit_blocks_, .blocks = steps - skipped, .depth = rows_};
  recurrent.a_row = 1;
  recurrent.a_depth = panel;
  recurrent.a_block = kGates * state_size();
  recurrent.b = states_.data() + (first_step + skipped - 1) * state_size();
  recurrent.b_depth = lanes;
  recurrent.b_vector = rows_ * lanes;
  recurrent.b_block = state_size();
  recurrent.c_row = padded_units();
  recurrent.c_vector = lanes;
  recurrent.add = !last;
  Product<Real> input{.rows = inputs_, .vectors = kGates, .blocks = steps, .depth = rows_};
  input.a = input_.data() + first_step * rows_ * inputs_;
  input.a_row = 1;
  input.a_depth = inputs_;
  input.a_block = rows_ * inputs_;
  input.b_depth = panel;
  input.b_vector = lanes;
  input.b_block = kGates * state_size();
  input.c_row = panel;
  input.c_vector = lanes;
  input.add = !last;
  for (Size block = 0; block < unit_blocks_; ++block) {
    const Real* of_block = gates + block * rows_ * panel;
    input.b = of_block;
    input.c = input_gradient_.data() + block * inputs_ * panel;
    kernels_.multiply(input);
    recurrent.a = of_block + skipped * kGates * state_size();
    recurrent.c = recurrent_gradient_.data() + block * panel * padded_units();
    kernels_.multiply(recurrent);
  }
}

template <typename Real>
void LstmLayer<Real>::Backward(const LstmWeights<const Real>& weights,
                               const Real* last_state_gradient,
                               const LstmWeights<Real>& gradients) {
  const Size lanes = kernels_.lanes;
  PackForBackward(weights);
  state_gradient_.assign(static_cast<std::size_t>(state_size()), 0);
  cell_gradient_.assign(static_cast<std::size_t>(state_size()), 0);
  recurrent_gradient_.resize(static_cast<std::size_t>(kGates * padded_units() * padded_units()));
  input_gradient_.resize(static_cast<std::size_t>(kGates * padded_units() * inputs_));
  for (Size row = 0; row < rows_; ++row) {
    for (Size unit = 0; unit < shape_.units; ++unit) {
      state_gradient_[static_cast<std::size_t>((unit / lanes * rows_ + row) * lanes +
                                               unit % lanes)] =
          last_state_gradient[row * shape_.units + unit];
    }
  }
  StepBackward<Real> step{.rows = rows_, .unit_blocks = unit_blocks_};
  step.state_gradient = state_gradient_.data();
  step.cell_gradient = cell_gradient_.data();
  const Size steps_at_once = std::max(Size{1}, kGradientRows / rows_);
  Size end = shape_.steps;  // of the steps whose weight gradients are not yet added
  for (Size t = shape_.steps - 1; t >= 0; --t) {
    step.cell = cells_.data() + t * state_size();
    step.cell_before = t > 0 ? step.cell - state_size() : nullptr;
    step.gates = gates_.data() + t * kGates * state_size();
    kernels_.step_backward(step);
    if (t > 0) StateGradient(step.gates, state_gradient_.data());
    if (end - t >= steps_at_once || t == 0) {
      AddWeightGradients(t, end - t);
      end = t;
    }
  }
  Unpack(gradients);
}

template <typename Real>
void LstmLayer<Real>::Unpack(const LstmWeights<Real>& gradients) const {
  const Size lanes = kernels_.lanes, units = shape_.units, channels = shape_.channels;
  for (Size gate = 0; gate < kGates; ++gate) {
    const auto g = static_cast<std::size_t>(gate);
    for (Size unit = 0; unit < units; ++unit) {
      const Size block = unit / lanes, lane = unit % lanes;
      std::copy_n(
          recurrent_gradient_.data() + ((block * kGates + gate) * lanes + lane) * padded_units(),
          units, gradients.recurrent[g] + unit * units);
      const Real* from = input_gradient_.data() + (block * inputs_ * kGates + gate) * lanes + lane;
      for (Size channel = 0; channel < channels; ++channel) {
        gradients.input[g][unit * channels + channel] = from[channel * kGates * lanes];
      }
      gradients.bias[g][unit] = from[channels * kGates * lanes];
    }
  }
}

template class LstmLayer<float>;
template class LstmLayer<double>;

}  // namespace fleetcast::forecast
