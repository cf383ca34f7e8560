#include "common/forecast/network.h"

#include <stdexcept>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {
namespace {

// Memory for passes, lent to one thread at a time. Thread safe.
class PassPool {
 public:
  [[nodiscard]] std::unique_ptr<NetworkPass> Take(const NetworkShape& shape) {
    const absl::MutexLock lock(&mutex_);
    if (passes_.empty()) return std::make_unique<NetworkPass>(shape);
    std::unique_ptr<NetworkPass> pass = std::move(passes_.back());
    passes_.pop_back();
    return pass;
  }
  void GiveBack(std::unique_ptr<NetworkPass> pass) {
    const absl::MutexLock lock(&mutex_);
    passes_.push_back(std::move(pass));
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<NetworkPass>> passes_ ABSL_GUARDED_BY(mutex_);
};

std::shared_ptr<const Weights> Checked(const NetworkShape& shape, const Weights& weights) {
  const std::vector<std::size_t> offsets = WeightOffsets(shape);
  if (weights.size() + 1 != offsets.size()) {
    throw std::invalid_argument("wrong number of weight tensors");
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].size() != offsets[i + 1] - offsets[i]) {
      throw std::invalid_argument("wrong size of weight tensor " + std::to_string(i));
    }
  }
  return std::make_shared<const Weights>(weights);
}

WeightView ViewOf(const NetworkShape& shape, const Weights& weights) {
  WeightView view;
  const std::size_t linear = weights.size() - 2;
  view.linear = weights[linear].data();
  view.linear_bias = weights[linear + 1].data();
  if (shape.steps == 0) return view;
  const auto units = static_cast<std::size_t>(shape.units);
  for (std::size_t gate = 0; gate < view.input.size(); ++gate) {
    view.input.at(gate) =
        weights[kInput].data() + gate * units * static_cast<std::size_t>(shape.channels);
    view.recurrent.at(gate) = weights[kRecurrent].data() + gate * units * units;
    view.bias.at(gate) = weights[kGateBias].data() + gate * units;
  }
  view.head = weights[kHead].data();
  view.head_bias = weights[kHeadBias].data();
  return view;
}

}  // namespace

struct Network::State {
  NetworkShape shape;
  WeightView weights;
  std::shared_ptr<const void> owner;  // of what `weights` points to
  PassPool passes;
};

std::vector<WeightShape> Network::WeightShapes(const NetworkShape& shape) {
  std::vector<WeightShape> shapes;
  if (shape.steps > 0) {
    const std::int64_t gates = kGates * static_cast<std::int64_t>(shape.units);
    shapes = {{"lstm.input", {gates, shape.channels}},
              {"lstm.recurrent", {gates, shape.units}},
              {"lstm.bias", {gates}},
              {"head.weight", {shape.horizon, shape.units}},
              {"head.bias", {shape.horizon}}};
  }
  shapes.push_back({"linear.weight", {shape.horizon, shape.extras}});
  shapes.push_back({"linear.bias", {shape.horizon}});
  return shapes;
}

Network::Network(const NetworkShape& shape, const Weights& weights)
    : state_(std::make_unique<State>()) {
  const std::shared_ptr<const Weights> kept = Checked(shape, weights);
  state_->shape = shape;
  state_->weights = ViewOf(shape, *kept);
  state_->owner = kept;
}

Network::Network(const NetworkShape& shape, const WeightView& weights,
                 std::shared_ptr<const void> owner)
    : state_(std::make_unique<State>()) {
  state_->shape = shape;
  state_->weights = weights;
  state_->owner = std::move(owner);
}

Network::~Network() = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(Network&&) noexcept = default;

const NetworkShape& Network::shape() const { return state_->shape; }

std::vector<float> Network::Predict(const Batch& batch) const {
  std::unique_ptr<NetworkPass> pass = state_->passes.Take(state_->shape);
  std::vector<float> output = pass->Predict(state_->weights, batch);
  state_->passes.GiveBack(std::move(pass));
  return output;
}

Weights Network::CopyWeights() const {
  const NetworkShape& shape = state_->shape;
  const WeightView& view = state_->weights;
  const std::vector<std::size_t> offsets = WeightOffsets(shape);
  Weights copy(offsets.size() - 1);
  const auto append = [&](std::size_t i, const float* from, std::size_t parts) {
    const std::size_t count = (offsets[i + 1] - offsets[i]) / parts;
    copy[i].insert(copy[i].end(), from, from + count);
  };
  for (std::size_t gate = 0; shape.steps > 0 && gate < kGates; ++gate) {
    append(kInput, view.input.at(gate), kGates);
    append(kRecurrent, view.recurrent.at(gate), kGates);
    append(kGateBias, view.bias.at(gate), kGates);
  }
  if (shape.steps > 0) {
    append(kHead, view.head, 1);
    append(kHeadBias, view.head_bias, 1);
  }
  append(copy.size() - 2, view.linear, 1);
  append(copy.size() - 1, view.linear_bias, 1);
  return copy;
}

}  // namespace fleetcast::forecast
