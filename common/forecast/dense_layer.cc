#include "common/forecast/dense_layer.h"

#include <algorithm>

namespace fleetcast::forecast {
namespace {

using Size = std::ptrdiff_t;

Size Padded(Size size, Size lanes) { return (size + lanes - 1) / lanes * lanes; }

}  // namespace

template <typename Real>
DenseLayer<Real>::DenseLayer(const Kernels<Real>& kernels, Size inputs, Size outputs)
    : kernels_(kernels),
      inputs_(inputs),
      outputs_(outputs),
      padded_inputs_(Padded(inputs, kernels.lanes)),
      padded_outputs_(Padded(outputs, kernels.lanes)),
      by_input_(static_cast<std::size_t>(inputs * padded_outputs_)),
      by_output_(static_cast<std::size_t>(outputs * padded_inputs_)) {}

template <typename Real>
void DenseLayer<Real>::Forward(const Real* weights, const Real* bias, const Real* input, Size rows,
                               Real* output) {
  input_ = input;
  rows_ = rows;
  output_.resize(static_cast<std::size_t>(rows * padded_outputs_));
  kernels_.transpose(weights, inputs_, outputs_, inputs_, by_input_.data(), padded_outputs_);
  Product<Real> product{
      .rows = rows, .vectors = padded_outputs_ / kernels_.lanes, .depth = inputs_};
  product.a = input;
  product.a_row = inputs_;
  product.a_depth = 1;
  product.b = by_input_.data();
  product.b_depth = padded_outputs_;
  product.b_vector = kernels_.lanes;
  product.c = output_.data();
  product.c_row = padded_outputs_;
  product.c_vector = kernels_.lanes;
  kernels_.multiply(product);
  for (Size row = 0; row < rows; ++row) {
    const Real* from = output_.data() + row * padded_outputs_;
    Real* to = output + row * outputs_;
    for (Size i = 0; i < outputs_; ++i) to[i] += from[i] + (bias != nullptr ? bias[i] : 0);
  }
}

template <typename Real>
void DenseLayer<Real>::Backward(const Real* weights, const Real* output_gradient,
                                Real* weight_gradient, Real* bias_gradient, Real* input_gradient) {
  if (bias_gradient != nullptr) std::fill_n(bias_gradient, outputs_, Real{0});
  for (Size row = 0; row < rows_; ++row) {
    const Real* from = output_gradient + row * outputs_;
    std::copy_n(from, outputs_, output_.data() + row * padded_outputs_);
    if (bias_gradient == nullptr) continue;
    for (Size i = 0; i < outputs_; ++i) bias_gradient[i] += from[i];
  }
  Product<Real> product{
      .rows = inputs_, .vectors = padded_outputs_ / kernels_.lanes, .depth = rows_};
  product.a = input_;
  product.a_row = 1;
  product.a_depth = inputs_;
  product.b = output_.data();
  product.b_depth = padded_outputs_;
  product.b_vector = kernels_.lanes;
  product.c = by_input_.data();
  product.c_row = padded_outputs_;
  product.c_vector = kernels_.lanes;
  kernels_.multiply(product);
  kernels_.transpose(by_input_.data(), padded_outputs_, inputs_, outputs_, weight_gradient,
                     inputs_);
  if (input_gradient != nullptr) InputGradient(weights, input_gradient);
}

template <typename Real>
void DenseLayer<Real>::InputGradient(const Real* weights, Real* input_gradient) {
  for (Size output = 0; output < outputs_; ++output) {
    std::copy_n(weights + output * inputs_, inputs_, by_output_.data() + output * padded_inputs_);
  }
  input_gradient_.resize(static_cast<std::size_t>(rows_ * padded_inputs_));
  Product<Real> product{
      .rows = rows_, .vectors = padded_inputs_ / kernels_.lanes, .depth = outputs_};
  product.a = output_.data();
  product.a_row = padded_outputs_;
  product.a_depth = 1;
  product.b = by_output_.data();
  product.b_depth = padded_inputs_;
  product.b_vector = kernels_.lanes;
  product.c = input_gradient_.data();
  product.c_row = padded_inputs_;
  product.c_vector = kernels_.lanes;
  kernels_.multiply(product);
  for (Size row = 0; row < rows_; ++row) {
    std::copy_n(input_gradient_.data() + row * padded_inputs_, inputs_,
                input_gradient + row * inputs_);
  }
}

template class DenseLayer<float>;
template class DenseLayer<double>;

}  // namespace fleetcast::forecast
