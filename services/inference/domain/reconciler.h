// Carries out steps: what Decide says of each circuit, in the registry and with the trainer. What
// belongs into our own tables is left to the transaction that ends the step.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/inference/domain/model_registry.h"
#include "services/inference/domain/release_store.h"
#include "services/inference/domain/training.h"

namespace fleetcast::inference {

struct HeldStep {
  std::string group_id;
  CircuitId circuit;
  ReleasePin pin;  // of the group
  // Asked before each effect outside of this service: whether the step is still ours.
  std::function<absl::Status()> confirm_held;
};

// How one step went: an error, something that it waits for, the failure of its training, or done.
struct StepOutcome {
  absl::Status status;
  std::string waits_for;
  bool blocked = false;  // what it waits for waits until somebody acts
  std::optional<workqueue::Failure> training_failure;
  StepResult result;
  std::optional<Deployment> deploy;  // to be stored with the end
  bool undeploy = false;             // to be deleted with the end
};

// Thread safe. The references must outlive it.
class Reconciler {
 public:
  Reconciler(ModelRegistry& registry, Trainer& trainer, ReleaseStore& store)
      : registry_(registry), trainer_(trainer), store_(store) {}

  // An outcome for each, in their order.
  [[nodiscard]] std::vector<StepOutcome> Run(const std::vector<HeldStep>& steps);

 private:
  [[nodiscard]] absl::Status Carry(const HeldStep& step, const CircuitRecord& circuit,
                                   const RegistryFacts& facts, StepOutcome& outcome);
  [[nodiscard]] absl::Status AskTrainer(const HeldStep& step, const CircuitRecord& circuit,
                                        const RegistryFacts& facts, StepOutcome& outcome);
  [[nodiscard]] absl::Status Start(const HeldStep& step, const CircuitRecord& circuit,
                                   const RegistryFacts& facts, StepOutcome& outcome);
  [[nodiscard]] absl::Status ChangeChampion(const HeldStep& step, const RegistryFacts& facts,
                                            const StepDecision& decision);
  // Fills in the deployments that outcomes ask for, from the versions that they name.
  void MakeDeployments(const std::map<CircuitId, CircuitRecord>& circuits,
                       const std::vector<HeldStep>& steps, std::vector<StepOutcome>& outcomes);

  ModelRegistry& registry_;
  Trainer& trainer_;
  ReleaseStore& store_;
};

}  // namespace fleetcast::inference
