#include "services/inference/domain/reconciler.h"

#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/base/transient.h"
#include "services/inference/domain/reconcile.h"
#include "services/inference/domain/registry_facts.h"

namespace fleetcast::inference {
namespace {

using workqueue::TaskState;

constexpr std::chrono::milliseconds kSuspiciouslyLong(200);

std::string ActorOf(const ReleasePin& pin) { return pin.actor.empty() ? "release" : pin.actor; }

// For the champion's history.
std::string WhyOf(const HeldStep& step, const StepDecision& decision) {
  std::string what = step.pin.circuit.empty()
                         ? absl::StrCat(ReleaseResource(step.group_id), " of commit ",
                                        step.pin.commit.substr(0, 12))
                         : "by hand";
  if (!step.pin.reason.empty()) absl::StrAppend(&what, " (", step.pin.reason, ")");
  return PrintableUtf8(absl::StrCat(what, decision.why.empty() ? "" : ": ", decision.why), 1900);
}

workqueue::Failure Cancelled(const std::string& training_run) {
  return {.kind = workqueue::FailureKind::kConfiguration,
          .reason = "TRAINING_CANCELLED",
          .message = absl::StrCat("its job in ", training_run, " was cancelled"),
          .retryable = false};
}

}  // namespace

std::vector<StepOutcome> Reconciler::Run(const std::vector<HeldStep>& steps) {
  std::vector<StepOutcome> outcomes(steps.size());
  const auto fail_all = [&](const absl::Status& status) {
    for (StepOutcome& outcome : outcomes) outcome.status = status;
    return outcomes;
  };
  std::vector<CircuitId> ids;
  ids.reserve(steps.size());
  for (const HeldStep& step : steps) ids.push_back(step.circuit);
  const auto records = store_.ReadCircuits(ids);
  if (!records.ok()) return fail_all(records.status());
  const auto facts = FactsOf(registry_, *records);
  if (!facts.ok()) return fail_all(facts.status());
  std::map<CircuitId, CircuitRecord> circuits;
  for (const CircuitRecord& record : *records) circuits[record.circuit] = record;
  absl::Status away;  // then nobody else of the batch waits for it too
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto found = circuits.find(steps[i].circuit);
    if (!away.ok()) {
      outcomes[i].status = away;
      continue;
    }
    outcomes[i].status = found == circuits.end() ? CircuitNotFound(steps[i].circuit)
                                                 : Carry(steps[i], found->second,
                                                         facts->at(steps[i].circuit), outcomes[i]);
    if (IsTransient(outcomes[i].status)) away = outcomes[i].status;
  }
  MakeDeployments(circuits, steps, outcomes);
  return outcomes;
}

absl::Status Reconciler::Carry(const HeldStep& step, const CircuitRecord& circuit,
                               const RegistryFacts& facts, StepOutcome& outcome) {
  const StepDecision decision = Decide(circuit, facts, !step.pin.rollback_of.empty());
  if (decision.restore != 0) {
    FLEETCAST_RETURN_IF_ERROR(ChangeChampion(
        step, facts, {.version = decision.restore, .set_champion = true, .why = decision.why}));
    RegistryFacts restored = facts;
    restored.champion = decision.restore;
    restored.previous = 0;
    restored.champion_refused.clear();
    return Carry(step, circuit, restored, outcome);
  }
  if (decision.ask_trainer) return AskTrainer(step, circuit, facts, outcome);
  if (decision.set_champion || decision.remove_champion) {
    FLEETCAST_RETURN_IF_ERROR(ChangeChampion(step, facts, decision));
  }
  outcome.result = {
      .action = decision.action, .model_version = decision.version, .why = decision.why};
  // A try before this one may have removed it.
  if (decision.action == StepAction::kRetired)
    outcome.result.removed_champion = facts.champion != 0 ? facts.champion
                                      : circuit.serving   ? circuit.serving->model_version
                                                          : facts.stood;
  outcome.undeploy = decision.undeploy;
  if (decision.deploy) outcome.deploy = Deployment{.circuit = step.circuit};
  return absl::OkStatus();
}

absl::Status Reconciler::ChangeChampion(const HeldStep& step, const RegistryFacts& facts,
                                        const StepDecision& decision) {
  const auto began = std::chrono::steady_clock::now();
  FLEETCAST_RETURN_IF_ERROR(step.confirm_held());
  const ChampionChange change{.circuit = step.circuit,
                              .model_version = decision.set_champion ? decision.version : 0,
                              .expected_current = facts.champion,
                              .roll_back = decision.set_champion && facts.previous != 0 &&
                                           decision.version == facts.previous,
                              .actor = ActorOf(step.pin),
                              .reason = WhyOf(step, decision)};
  FLEETCAST_RETURN_IF_ERROR(registry_.ChangeChampion(
      DerivedUuid(absl::StrCat("champion of ", CircuitResource(step.circuit), " from ",
                               change.expected_current, " to ", change.model_version, " by ",
                               step.group_id)),
      change));
  // The registry knows no epochs: what was asked of the circuit while this process was suspended
  // before the change may stand on the champion that was. To ask after each change would double
  // what a release of thousands takes.
  if (std::chrono::steady_clock::now() < began + kSuspiciouslyLong) return absl::OkStatus();
  absl::Status held = step.confirm_held();
  if (absl::IsCancelled(held))
    FLEETCAST_RETURN_IF_ERROR(
        store_.StepAgain(step.circuit, change.actor, "after a change that came late"));
  return held;
}

absl::Status Reconciler::AskTrainer(const HeldStep& step, const CircuitRecord& circuit,
                                    const RegistryFacts& facts, StepOutcome& outcome) {
  if (circuit.training_run.empty()) return Start(step, circuit, facts, outcome);
  FLEETCAST_ASSIGN_OR_RETURN(const auto training,
                             trainer_.StateOf(circuit.training_run, step.circuit));
  // What it made is not judged against the champion of now, or is gone: it is asked for anew.
  if (!training || training->state == TaskState::kSucceeded)
    return Start(step, circuit, facts, outcome);
  if (training->state == TaskState::kFailed)
    outcome.training_failure = training->failure.value_or(Cancelled(circuit.training_run));
  else if (training->state == TaskState::kCancelled)
    outcome.training_failure = Cancelled(circuit.training_run);
  if (outcome.training_failure) return absl::OkStatus();
  outcome.waits_for = absl::StrCat(circuit.training_run, "/jobs/", CircuitKey(step.circuit), ": ",
                                   training->reason);
  outcome.blocked = training->blocked;
  return absl::OkStatus();
}

// A release asks once for all that it was found to need, whichever step comes first, and so at its
// own commit: the circuits' may be older. What turns out later is asked for alone.
absl::Status Reconciler::Start(const HeldStep& step, const CircuitRecord& circuit,
                               const RegistryFacts& facts, StepOutcome& outcome) {
  FLEETCAST_RETURN_IF_ERROR(step.confirm_held());
  std::vector<CircuitId> together = {step.circuit};
  std::string what = absl::StrCat(CircuitResource(step.circuit), " after ", circuit.training_run,
                                  " against ", facts.champion);
  if (circuit.training_run.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto planned, store_.ToTrain(step.group_id));
    const std::set<CircuitId> set(planned.begin(), planned.end());
    if (set.contains(step.circuit)) {
      together = planned;
      what = "all";
    }
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      const std::string run,
      trainer_.Start(DerivedUuid(absl::StrCat("train ", what, " for ", step.group_id)), together,
                     step.pin.commit));
  FLEETCAST_RETURN_IF_ERROR(store_.NoteTraining(step.group_id, together, run));
  outcome.waits_for = absl::StrCat(run, "/jobs/", CircuitKey(step.circuit));
  return absl::OkStatus();
}

void Reconciler::MakeDeployments(const std::map<CircuitId, CircuitRecord>& circuits,
                                 const std::vector<HeldStep>& steps,
                                 std::vector<StepOutcome>& outcomes) {
  std::vector<std::int64_t> numbers;
  for (const StepOutcome& outcome : outcomes)
    if (outcome.status.ok() && outcome.deploy) numbers.push_back(outcome.result.model_version);
  if (numbers.empty()) return;
  const auto versions = registry_.GetModelVersions(numbers);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    StepOutcome& outcome = outcomes[i];
    if (!outcome.status.ok() || !outcome.deploy) continue;
    if (!versions.ok()) {
      outcome.status = versions.status();
      continue;
    }
    const auto found = versions->find(outcome.result.model_version);
    const std::string name = ModelVersionResource(outcome.result.model_version);
    auto deployment = found == versions->end()
                          ? absl::StatusOr<Deployment>(
                                ResourceNotFound("ModelVersion", name, "train the circuit again"))
                          : MakeDeployment(found->second, circuits.at(steps[i].circuit).settings);
    outcome.status = deployment.status();
    if (deployment.ok()) outcome.deploy = *std::move(deployment);
  }
}

}  // namespace fleetcast::inference
