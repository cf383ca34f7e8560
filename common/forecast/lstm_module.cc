#include "common/forecast/lstm_module.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

const Kernels<float>& BestKernels() { return *AvailableKernels().front(); }

LstmShape LayerShape(const NetworkShape& shape) {
  return {.steps = shape.steps, .channels = shape.channels, .units = shape.units};
}

// Uniform in [-bound, bound), the same with every standard library.
void FillUniform(float* values, std::size_t count, double bound, std::mt19937_64& generator) {
  for (std::size_t i = 0; i < count; ++i) {
    const double unit = static_cast<double>(generator() >> 11) * 0x1p-53;
    values[i] = static_cast<float>((2 * unit - 1) * bound);
  }
}

LstmShape ShapeOf(const torch::Tensor& sequence, const torch::Tensor& recurrent) {
  return {.steps = sequence.size(0), .channels = sequence.size(2), .units = recurrent.size(1)};
}

// Carries a layer from forward to backward.
struct LayerHandle : torch::CustomClassHolder {
  explicit LayerHandle(LstmLayer<float>* handled) : layer(handled) {}
  LstmLayer<float>* layer;
};

// The last state [batch, units] of a layer on the library's kernels. The layer keeps what backward
// needs, so that one forward belongs to one backward.
class LastState : public torch::autograd::Function<LastState> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context,
                               const torch::Tensor& sequence, const torch::Tensor& input,
                               const torch::Tensor& recurrent, const torch::Tensor& bias,
                               LstmLayer<float>* layer) {
    torch::Tensor state = torch::empty({sequence.size(1), recurrent.size(1)});
    const auto weights =
        LstmWeights<const float>::Stacked(ShapeOf(sequence, recurrent), input.data_ptr<float>(),
                                          recurrent.data_ptr<float>(), bias.data_ptr<float>());
    layer->Forward(weights, sequence.data_ptr<float>(), sequence.size(1), state.data_ptr<float>());
    context->save_for_backward({sequence, input, recurrent, bias});
    context->saved_data["layer"] =
        c10::IValue::make_capsule(c10::make_intrusive<LayerHandle>(layer));
    return state;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const LstmShape shape = ShapeOf(saved[0], saved[2]);
    torch::Tensor input = torch::empty_like(saved[1]), recurrent = torch::empty_like(saved[2]),
                  bias = torch::empty_like(saved[3]);
    const auto weights = LstmWeights<const float>::Stacked(
        shape, saved[1].data_ptr<float>(), saved[2].data_ptr<float>(), saved[3].data_ptr<float>());
    const torch::Tensor of_state = gradients[0].contiguous();
    const auto handle = context->saved_data["layer"].toCapsule();
    static_cast<LayerHandle*>(handle.get())
        ->layer->Backward(
            weights, of_state.data_ptr<float>(),
            LstmWeights<float>::Stacked(shape, input.data_ptr<float>(), recurrent.data_ptr<float>(),
                                        bias.data_ptr<float>()));
    return {torch::Tensor(), input, recurrent, bias, torch::Tensor()};
  }
};

}  // namespace

LstmModule::LstmModule(const NetworkShape& shape, std::uint64_t seed)
    : shape_(shape), layer_(BestKernels(), LayerShape(shape)), schedule_(0) {
  const std::vector<WeightShape> shapes = Network::WeightShapes(shape);
  const std::vector<std::size_t> offsets = WeightOffsets(shape);
  values_ = torch::zeros({static_cast<std::int64_t>(offsets[kLinear])});
  gradients_ = torch::zeros_like(values_);
  first_moments_ = torch::zeros_like(values_);
  second_moments_ = torch::zeros_like(values_);
  std::mt19937_64 generator(seed);
  auto* values = values_.data_ptr<float>();
  // The input and the recurrent weights, which follow one another.
  FillUniform(values, offsets[kGateBias], 1 / std::sqrt(static_cast<double>(shape.units)),
              generator);
  const auto units = static_cast<std::size_t>(shape.units);
  std::fill_n(values + offsets[kGateBias] + units, units, 1.0F);
  average_ = values_.clone();
  leaves_.reserve(kLinear);
  for (std::size_t i = kInput; i < kLinear; ++i) {
    const auto begin = static_cast<std::int64_t>(offsets[i]);
    const auto size = static_cast<std::int64_t>(offsets[i + 1] - offsets[i]);
    torch::Tensor leaf = values_.narrow(0, begin, size).view(shapes[i].sizes).detach();
    leaf.requires_grad_();
    leaf.mutable_grad() = gradients_.narrow(0, begin, size).view(shapes[i].sizes);
    leaves_.push_back(leaf);
  }
}

torch::Tensor LstmModule::Forward(const torch::Tensor& sequence, const torch::Tensor& keep) {
  const torch::Tensor by_step = sequence.transpose(0, 1).contiguous();
  torch::Tensor state =
      LastState::apply(by_step, leaves_[kInput], leaves_[kRecurrent], leaves_[kGateBias], &layer_);
  if (keep.defined()) state = state * keep;
  return torch::addmm(leaves_[kHeadBias], state, leaves_[kHead].t());
}

void LstmModule::TakeStep(double share) {
  const Kernels<float>& kernels = BestKernels();
  const auto size = static_cast<std::ptrdiff_t>(values_.numel());
  auto* gradients = gradients_.data_ptr<float>();
  const double norm = share * std::sqrt(kernels.sum_of_squares(gradients, size));
  const double clip = norm > kGradientNorm ? kGradientNorm / norm : 1;
  schedule_.Advance();
  kernels.adam({.size = size,
                .values = values_.data_ptr<float>(),
                .gradients = gradients,
                .first_moments = first_moments_.data_ptr<float>(),
                .second_moments = second_moments_.data_ptr<float>(),
                .gradient_scale = static_cast<float>(share * clip),
                .beta1 = AdamSchedule::kBeta1,
                .beta2 = AdamSchedule::kBeta2,
                .epsilon = AdamSchedule::kEpsilon,
                .rate = schedule_.rate(),
                .second_moment_scale = schedule_.second_moment_scale(),
                .averages = average_.data_ptr<float>(),
                .average_decay = schedule_.average_decay()});
  gradients_.zero_();
}

void LstmModule::SwapAverage() {
  const torch::NoGradGuard no_grad;
  const torch::Tensor values = values_.clone();
  values_.copy_(average_);
  average_.copy_(values);
}

Weights LstmModule::CopyWeights() const {
  Weights weights;
  weights.reserve(leaves_.size());
  for (const torch::Tensor& leaf : leaves_) {
    weights.emplace_back(leaf.data_ptr<float>(), leaf.data_ptr<float>() + leaf.numel());
  }
  return weights;
}

}  // namespace fleetcast::forecast
