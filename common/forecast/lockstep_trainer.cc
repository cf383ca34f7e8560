#include "common/forecast/lockstep_trainer.h"

#include <cstddef>

namespace fleetcast::forecast {
namespace {

// Weights of different models share nothing that one core could do at once, so turns lose nothing.
class TurnTakingTrainer final : public LockstepTrainer {
 public:
  TurnTakingTrainer(const std::vector<Network*>& networks,
                    const std::vector<TrainerOptions>& options) {
    const auto memory = MakeTrainerMemory(networks.at(0)->shape());
    for (std::size_t i = 0; i < networks.size(); ++i) {
      trainers_.push_back(std::make_unique<NetworkTrainer>(*networks[i], options[i], memory));
    }
  }

  std::vector<double> Step(const std::vector<const Batch*>& batches) override {
    std::vector<double> losses(batches.size());
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (batches[i] != nullptr) losses[i] = trainers_[i]->Step(*batches[i]);
    }
    return losses;
  }
  void SetLearningRate(std::size_t model, double learning_rate) override {
    trainers_[model]->SetLearningRate(learning_rate);
  }
  void SwapAverage(std::size_t model) override { trainers_[model]->SwapAverage(); }

 private:
  std::vector<std::unique_ptr<NetworkTrainer>> trainers_;
};

}  // namespace

std::unique_ptr<LockstepTrainer> MakeLockstepTrainer(const std::vector<Network*>& networks,
                                                     const std::vector<TrainerOptions>& options,
                                                     const std::string& device) {
  if (device != "cpu") return MakeStackedTrainer(networks, options, device);
  return std::make_unique<TurnTakingTrainer>(networks, options);
}

}  // namespace fleetcast::forecast
