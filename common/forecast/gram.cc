#include "common/forecast/gram.h"

#include <torch/torch.h>

namespace fleetcast::forecast {
namespace {

torch::Tensor View(const float* values, std::int64_t rows, std::int64_t columns) {
  return torch::from_blob(const_cast<float*>(values), {rows, columns}, torch::kFloat32);
}

std::vector<float> ValuesOf(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.to(torch::kFloat32).contiguous();
  return {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()};
}

}  // namespace

struct Gram::State {
  torch::Tensor inputs, products;  // float64: [inputs, inputs], [inputs, outputs]
  double windows = 0;
};

Gram::Gram(std::int64_t inputs, std::int64_t outputs) : state_(std::make_unique<State>()) {
  state_->inputs = torch::zeros({inputs, inputs}, torch::kFloat64);
  state_->products = torch::zeros({inputs, outputs}, torch::kFloat64);
}

Gram::~Gram() = default;

void Gram::Add(const float* inputs, const float* targets, std::int64_t windows, double total) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = View(inputs, windows, state_->inputs.size(0));
  // Products in float32, sums over many of them in float64.
  state_->inputs.add_(torch::mm(x.t(), x));
  state_->products.add_(torch::mm(x.t(), View(targets, windows, state_->products.size(1))));
  state_->windows += total;
}

std::vector<float> Gram::Solve(double penalty, const std::vector<std::int64_t>& chosen) const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor index = torch::tensor(chosen);
  torch::Tensor matrix = state_->inputs.index_select(0, index).index_select(1, index);
  matrix.diagonal().add_(penalty * state_->windows);
  const torch::Tensor solution = torch::cholesky_solve(state_->products.index_select(0, index),
                                                       torch::linalg_cholesky(matrix));
  return ValuesOf(solution.t());
}

std::vector<float> Multiply(const std::vector<float>& inputs, const std::vector<float>& weights,
                            std::int64_t depth) {
  const torch::NoGradGuard no_grad;
  const auto rows = static_cast<std::int64_t>(inputs.size()) / depth;
  const auto outputs = static_cast<std::int64_t>(weights.size()) / depth;
  return ValuesOf(
      torch::mm(View(inputs.data(), rows, depth), View(weights.data(), outputs, depth).t()));
}

}  // namespace fleetcast::forecast
