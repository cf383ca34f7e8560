// Many networks of one shape, trained side by side: each with its own data, loss, optimizer,
// average and dropout, as if it were alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/forecast/network.h"

namespace fleetcast::forecast {

// Not thread safe.
class LockstepTrainer {
 public:
  virtual ~LockstepTrainer() = default;

  // How many models it pays to step at once: one, or all.
  [[nodiscard]] virtual std::size_t width() const = 0;
  // One step of every model that has a batch, of whatever size; the others (null: stopped, say)
  // stand still. Returns the losses before it, until the next call; 0 where nothing was trained.
  virtual const std::vector<double>& Step(const std::vector<const Batch*>& batches) = 0;
  virtual void SetLearningRate(std::size_t model, double learning_rate) = 0;
  // Exchanges a model's weights and their average, and leaves the former in its network: the only
  // time at which the networks are brought up to date on every device.
  virtual void SwapAverage(std::size_t model) = 0;
};

// `networks` must outlive its steps and have one shape; one of `options` each. `device` is
// LibTorch's name of it.
using LockstepMaker = std::unique_ptr<LockstepTrainer> (*)(
    const std::vector<Network*>& networks, const std::vector<TrainerOptions>& options,
    const std::string& device);

// On "cpu" the models take turns on the kernels, on any other ("cuda", "cuda:1") they are stacked
// and share batched products.
[[nodiscard]] std::unique_ptr<LockstepTrainer> MakeLockstepTrainer(
    const std::vector<Network*>& networks, const std::vector<TrainerOptions>& options,
    const std::string& device);

// The stacked form, whatever the device; for tests and measurements.
[[nodiscard]] std::unique_ptr<LockstepTrainer> MakeStackedTrainer(
    const std::vector<Network*>& networks, const std::vector<TrainerOptions>& options,
    const std::string& device);

}  // namespace fleetcast::forecast
