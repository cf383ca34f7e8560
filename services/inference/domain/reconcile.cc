#include "services/inference/domain/reconcile.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fleetcast::inference {
namespace {

bool Passed(const Candidate& candidate) {
  return candidate.gate == "BETTER" || candidate.gate == "AS_GOOD" ||
         candidate.gate == "NOT_COMPARABLE";
}

bool Serves(const CircuitRecord& circuit, std::int64_t version) {
  return circuit.serving && circuit.serving->model_version == version;
}

bool HasItsSettings(const CircuitRecord& circuit) {
  return circuit.serving && circuit.serving->deployment_hash == circuit.deployment_hash;
}

// What its last step left in service has been changed by hand since.
bool ChangedByHand(const CircuitRecord& circuit) {
  return circuit.step && circuit.step->state == workqueue::TaskState::kSucceeded &&
         circuit.step->result.model_version != 0 && circuit.serving &&
         !Serves(circuit, circuit.step->result.model_version);
}

// So that `version` is champion and serves.
StepDecision Serve(const CircuitRecord& circuit, std::int64_t champion, std::int64_t version,
                   std::string why) {
  StepDecision decision{.version = version, .why = std::move(why)};
  decision.set_champion = champion != version;
  decision.deploy = !Serves(circuit, version) || !HasItsSettings(circuit);
  if (decision.set_champion || !Serves(circuit, version))
    decision.action = StepAction::kPromoted;
  else if (decision.deploy)
    decision.action = StepAction::kRedeployed;
  return decision;
}

StepDecision Leave(const CircuitRecord& circuit, StepAction action, std::string why) {
  return {.action = action,
          .version = circuit.serving ? circuit.serving->model_version : 0,
          .why = std::move(why)};
}

StepDecision DecideActive(const CircuitRecord& circuit, const RegistryFacts& registry,
                          bool rollback) {
  if (registry.champion != 0 && !registry.champion_refused.empty() && registry.previous != 0 &&
      registry.previous != registry.champion && !IsCandidate(registry, registry.champion)) {
    StepDecision restore =
        Leave(circuit, StepAction::kNone,
              absl::StrCat("v", registry.champion, " ", registry.champion_refused));
    restore.restore = registry.previous;
    return restore;
  }
  for (const Candidate& candidate : registry.candidates) {
    if (candidate.version != registry.champion) continue;
    const std::int64_t before =
        registry.previous != 0 ? registry.previous : candidate.judged_against;
    if (candidate.gate != kNotBetter || before == 0 || before == candidate.version)
      return Serve(circuit, registry.champion, candidate.version, "is champion already");
    StepDecision back = Serve(circuit, registry.champion, before,
                              absl::StrCat("v", candidate.version, " ", candidate.why));
    back.action = StepAction::kRefused;
    return back;
  }
  for (const Candidate& candidate : registry.candidates)
    if (Passed(candidate) && (rollback || candidate.judged_against == registry.champion))
      return Serve(circuit, registry.champion, candidate.version, candidate.why);
  if (registry.champion == 0 && registry.stood != 0) {
    StepDecision restore = Leave(circuit, StepAction::kNone, "was champion when it was retired");
    restore.restore = registry.stood;
    return restore;
  }
  StepDecision ask = Leave(circuit, StepAction::kNone, "");
  ask.ask_trainer = true;
  if (registry.candidates.empty()) {
    ask.why = "no version has been trained from this configuration";
    return ask;
  }
  const Candidate& newest = registry.candidates.front();
  if (newest.gate.empty() || newest.judged_against != registry.champion) {
    ask.why = absl::StrCat(
        "version ", newest.version,
        newest.gate.empty() ? " has not been judged" : " was judged against another champion");
    return ask;
  }
  StepDecision refused =
      Leave(circuit, StepAction::kRefused, absl::StrCat("v", newest.version, " ", newest.why));
  if (registry.champion != 0 && (!Serves(circuit, registry.champion) || !HasItsSettings(circuit))) {
    refused.version = registry.champion;
    refused.deploy = true;
  }
  return refused;
}

}  // namespace

bool IsCandidate(const RegistryFacts& registry, std::int64_t version) {
  return std::any_of(registry.candidates.begin(), registry.candidates.end(),
                     [version](const Candidate& each) { return each.version == version; });
}

bool NeedsStep(const CircuitRecord& circuit) {
  if (circuit.pin) return !Serves(circuit, circuit.pin->model_version);
  switch (circuit.desired_state) {
    case DesiredState::kNone:
      return false;
    case DesiredState::kRetired:
      return circuit.serving.has_value();
    case DesiredState::kActive:
      return !circuit.unsound &&
             (!circuit.serving || circuit.serving->training_hash != circuit.training_hash ||
              circuit.serving->deployment_hash != circuit.deployment_hash ||
              ChangedByHand(circuit));
  }
  return false;
}

StepDecision Decide(const CircuitRecord& circuit, const RegistryFacts& registry, bool rollback) {
  if (circuit.pin) {
    const std::string why =
        absl::StrCat("pinned by ", circuit.pin->actor, ": ", circuit.pin->reason);
    if (Serves(circuit, circuit.pin->model_version) &&
        registry.champion == circuit.pin->model_version)
      return Leave(circuit, StepAction::kPinned, why);
    return Serve(circuit, registry.champion, circuit.pin->model_version, why);
  }
  if (circuit.desired_state == DesiredState::kRetired)
    return {.action = StepAction::kRetired,
            .remove_champion = registry.champion != 0,
            .undeploy = circuit.serving.has_value(),
            .why = "the configuration does not have it any more"};
  if (circuit.desired_state == DesiredState::kNone || circuit.unsound)
    return Leave(circuit, StepAction::kNone, "nothing is asked of it");
  return DecideActive(circuit, registry, rollback);
}

FleetChange ChangeTo(const DesiredFleet& desired, const std::vector<CircuitRecord>& present) {
  std::map<CircuitId, const DesiredCircuit*> wanted;
  for (const DesiredCircuit& circuit : desired.circuits) wanted[circuit.circuit] = &circuit;
  std::set<CircuitId> known;
  FleetChange change;
  const auto count = [&](const CircuitRecord& circuit) {
    if (circuit.unsound)
      ++change.unsound;
    else if (circuit.pin && !NeedsStep(circuit))
      ++change.pinned;
    else if (!NeedsStep(circuit))
      ++change.in_sync;
    if (NeedsStep(circuit)) change.to_step.push_back(circuit);
  };
  const auto take = [&](CircuitRecord record, const DesiredCircuit& from) {
    const bool same = record.desired_state == DesiredState::kActive && !record.unsound &&
                      record.training_hash == from.training_hash &&
                      record.deployment_hash == from.deployment_hash &&
                      record.display_name == from.settings.display_name;
    const bool other_training = record.training_hash != from.training_hash;
    record.circuit = from.circuit;
    record.display_name = from.settings.display_name;
    record.desired_state = DesiredState::kActive;
    record.unsound = false;
    record.unsound_because.clear();
    record.training_hash = from.training_hash;
    record.deployment_hash = from.deployment_hash;
    record.cutoff_date = from.cutoff_date;
    record.settings = from.settings;
    if (other_training) record.training_run.clear();
    record.commit = same ? record.commit : desired.commit;
    if (!same) change.changed.push_back(record);
    count(record);
  };
  for (CircuitRecord record : present) {
    known.insert(record.circuit);
    if (const auto found = wanted.find(record.circuit); found != wanted.end()) {
      take(std::move(record), *found->second);
      continue;
    }
    const auto fault = desired.unsound.find(record.circuit);
    const bool unsound = fault != desired.unsound.end();
    const std::string because = unsound ? fault->second : "";
    const bool gone =
        !unsound && desired.complete && record.desired_state != DesiredState::kRetired;
    if (gone || unsound != record.unsound || because != record.unsound_because) {
      record.unsound = unsound;
      record.unsound_because = because;
      if (gone) {
        record.desired_state = DesiredState::kRetired;
        record.training_run.clear();
        record.commit = desired.commit;
        ++change.retired;
      }
      change.changed.push_back(record);
      // It may have a champion all the same.
      if (gone && !record.pin && !NeedsStep(record)) {
        change.to_step.push_back(record);
        continue;
      }
    }
    count(record);
  }
  for (const auto& [circuit, from] : wanted)
    if (!known.contains(circuit)) take(CircuitRecord{}, *from);
  for (const auto& [circuit, because] : desired.unsound) {
    if (known.contains(circuit)) continue;
    CircuitRecord record{.circuit = circuit, .display_name = "", .unsound = true};
    record.unsound_because = because;
    record.desired_state = DesiredState::kActive;
    record.commit = desired.commit;
    change.changed.push_back(record);
    ++change.unsound;
  }
  return change;
}

}  // namespace fleetcast::inference
