#include "services/inference/worker/reconcile_runner.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/inference/storage/postgres_deployment_store.h"

namespace fleetcast::inference {
namespace {

using workqueue::Batch;
using workqueue::BatchOutcome;
using workqueue::Ending;
using workqueue::FailureKind;
using workqueue::Outcome;

// A step's progress; read as CircuitStep::blocked.
constexpr char kBlockedStep[] = R"({"blocked": true})";

workqueue::Verdict Classify(const absl::Status& status) {
  std::string reason = ReasonOf(status);
  if (reason.empty()) reason = absl::StatusCodeToString(status.code());
  // Whoever was first has changed the champion: with what stands now it is decided anew.
  const bool again = absl::IsAborted(status);
  return {.failure = {.kind = absl::IsFailedPrecondition(status) || absl::IsNotFound(status) ||
                                      absl::IsInvalidArgument(status)
                                  ? FailureKind::kConfiguration
                                  : FailureKind::kInternal,
                      .reason = reason,
                      .message = std::string(status.message()),
                      .retryable = again || absl::IsInternal(status)},
          .away = IsTransient(status) ? "config, registry or trainer" : ""};
}

Outcome OutcomeOfStep(const StepOutcome& step, workqueue::Hold& hold) {
  if (!step.status.ok()) return workqueue::OutcomeOf(step.status, hold, Classify);
  if (step.training_failure) return {.ending = Ending::kFailed, .failure = step.training_failure};
  if (!step.waits_for.empty()) {
    hold.Report(step.blocked ? kBlockedStep : "{}");
    return {.ending = Ending::kWaiting,
            .reason = step.waits_for,
            .wait = WaitForTraining(hold.task().lease_epoch)};
  }
  return {.ending = Ending::kSucceeded, .result = ToJson(step.result), .reason = step.result.why};
}

}  // namespace

absl::Duration WaitForTraining(std::int64_t nth) {
  return std::min(absl::Milliseconds(500) * std::pow(1.2, static_cast<double>(nth - 1)),
                  absl::Minutes(1));
}

workqueue::Runner ReconcileCircuits(
    Reconciler& reconciler, std::function<absl::Status(workqueue::Hold& hold)> confirm_held) {
  return [&reconciler, confirm_held = std::move(confirm_held)](const Batch& batch) {
    std::vector<HeldStep> steps;
    steps.reserve(batch.size());
    for (const auto& hold : batch)
      steps.push_back({.group_id = hold->task().group_id,
                       .circuit = CircuitOfKey(hold->task().name),
                       .pin = ReleasePinOf(hold->task().pin),
                       .confirm_held = [hold, &confirm_held] { return confirm_held(*hold); }});
    const auto done = std::make_shared<std::vector<StepOutcome>>(reconciler.Run(steps));
    BatchOutcome result;
    for (std::size_t i = 0; i < batch.size(); ++i)
      result.outcomes.push_back(OutcomeOfStep((*done)[i], *batch[i]));
    result.effect = [done, steps](pqxx::work& work, const std::vector<std::size_t>& held) {
      std::vector<Deployment> deployed;
      std::vector<CircuitId> undeployed;
      for (const std::size_t i : held) {
        const StepOutcome& outcome = (*done)[i];
        if (outcome.deploy) deployed.push_back(*outcome.deploy);
        if (outcome.undeploy) undeployed.push_back(steps[i].circuit);
      }
      StoreDeployments(work, deployed);
      DeleteDeployments(work, undeployed);
      return absl::OkStatus();
    };
    return result;
  };
}

}  // namespace fleetcast::inference
