#include "common/forecast/dense_layer.h"

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
      padded_outputs_(Padded(outputs, kernels.lanes)),
      by_input_(static_cast<std::size_t>(inputs * padded_outputs_)) {}

template <typename Real>
void DenseLayer<Real>::Forward(const Real* weights, const Real* bias, const Real* input, Size rows,
                               Real* output) {
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
    for (Size i = 0; i < outputs_; ++i) to[i] += from[i] + bias[i];
  }
}

template class DenseLayer<float>;
template class DenseLayer<double>;

}  // namespace fleetcast::forecast
