#include "common/forecast/lockstep_trainer.h"

#include <cstddef>

namespace fleetcast::forecast {
namespace {

// Weights of different models share nothing that one core could do at once, so turns lose nothing.
class TurnTakingTrainer final : public LockstepTrainer {
 public:
  TurnTakingTrainer(const std::vector<Network*>& networks,
                    const std::vector<TrainerOptions>& options)
      : losses_(networks.size()) {
    const auto memory = MakeTrainerMemory(networks.at(0)->shape());
    for (std::size_t i = 0; i < networks.size(); ++i) {
      trainers_.push_back(std::make_unique<NetworkTrainer>(*networks[i], options[i], memory));
    }
  }

  [[nodiscard]] std::size_t width() const override { return 1; }
  const std::vector<double>& Step(const std::vector<const Batch*>& batches) override {
    for (std::size_t i = 0; i < batches.size(); ++i) {
      losses_[i] = batches[i] != nullptr ? trainers_[i]->Step(*batches[i]) : 0;
    }
    return losses_;
  }
  void SetLearningRate(std::size_t model, double learning_rate) override {
    trainers_[model]->SetLearningRate(learning_rate);
  }
  void SwapAverage(std::size_t model) override { trainers_[model]->SwapAverage(); }

 private:
  std::vector<std::unique_ptr<NetworkTrainer>> trainers_;
  std::vector<double> losses_;
};

}  // namespace

std::unique_ptr<LockstepTrainer> MakeLockstepTrainer(const std::vector<Network*>& networks,
                                                     const std::vector<TrainerOptions>& options,
                                                     const std::string& device) {
  const bool on_cpu = device == "cpu" || device.rfind("cpu:", 0) == 0;
  if (!on_cpu) return MakeStackedTrainer(networks, options, device);
  return std::make_unique<TurnTakingTrainer>(networks, options);
}

}  // namespace fleetcast::forecast
