#include "common/forecast/linear_fit.h"

#include <torch/torch.h>

namespace fleetcast::forecast {
namespace {

torch::Tensor InDouble(const float* values, std::int64_t rows, std::int64_t columns) {
  return torch::from_blob(const_cast<float*>(values), {rows, columns}, torch::kFloat32)
      .to(torch::kFloat64);
}

}  // namespace

struct LinearFit::State {
  // Inputs' and inputs with targets' second moments, summed over the windows.
  torch::Tensor gram, moments;
  double windows = 0;
};

LinearFit::LinearFit(std::int64_t inputs, std::int64_t outputs)
    : state_(std::make_unique<State>()) {
  state_->gram = torch::zeros({inputs, inputs}, torch::kFloat64);
  state_->moments = torch::zeros({inputs, outputs}, torch::kFloat64);
}

LinearFit::~LinearFit() = default;
LinearFit::LinearFit(LinearFit&&) noexcept = default;
LinearFit& LinearFit::operator=(LinearFit&&) noexcept = default;

void LinearFit::Add(const float* inputs, const float* targets, std::int64_t windows) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = InDouble(inputs, windows, state_->gram.size(0));
  state_->gram.addmm_(x.t(), x);
  state_->moments.addmm_(x.t(), InDouble(targets, windows, state_->moments.size(1)));
  state_->windows += static_cast<double>(windows);
}

std::vector<float> LinearFit::Solve(double penalty, const std::vector<std::int64_t>& chosen) const {
  const torch::NoGradGuard no_grad;
  const torch::Tensor index = torch::tensor(chosen);
  torch::Tensor gram = state_->gram.index_select(0, index).index_select(1, index);
  gram.diagonal().add_(penalty * state_->windows);
  const torch::Tensor solution = torch::linalg_solve(gram, state_->moments.index_select(0, index));
  const torch::Tensor weights = solution.t().to(torch::kFloat32).contiguous();
  return {weights.data_ptr<float>(), weights.data_ptr<float>() + weights.numel()};
}

}  // namespace fleetcast::forecast
