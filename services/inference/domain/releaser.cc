#include "services/inference/domain/releaser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/inference/domain/registry_facts.h"

namespace fleetcast::inference {
namespace {

// Others may make releases meanwhile; each try sees a later one.
constexpr int kMaxTries = 20;

std::string Short(const std::string& commit) { return commit.substr(0, 12); }

absl::Status Refuse(const std::string& reason, const std::string& message, const Kinship& kinship) {
  return Refused(absl::StatusCode::kFailedPrecondition, reason, message,
                 {{"commit", kinship.head_commit}, {"commit_in_force", kinship.base_commit}});
}

void Count(const StepDecision& decision, ReleasePlan& plan) {
  if (decision.ask_trainer)
    ++plan.train;
  else if (decision.action == StepAction::kPromoted)
    ++plan.promote;
  else if (decision.action == StepAction::kRedeployed)
    ++plan.redeploy;
  else if (decision.action == StepAction::kRetired)
    ++plan.retire;
  else if (decision.action == StepAction::kRefused)
    ++plan.refused;
}

// Whether it is yet to be tried again: unless the gate has refused the new version, and what was
// left in service then is there still.
bool IsUnfinished(const CircuitRecord& circuit) {
  const std::int64_t serving = circuit.serving ? circuit.serving->model_version : 0;
  return !circuit.step || circuit.step->state != workqueue::TaskState::kSucceeded ||
         circuit.step->result.action != StepAction::kRefused ||
         circuit.step->result.model_version != serving;
}

// Whether versions or verdicts have come since the gate refused what the circuit is to have.
bool HasNewVerdict(const CircuitRecord& circuit, const RegistryFacts& facts, bool rollback) {
  const StepDecision decision = Decide(circuit, facts, rollback);
  return decision.action != StepAction::kRefused || decision.why != circuit.step->result.why;
}

}  // namespace

absl::Status CheckSuccession(const Kinship& kinship, const std::string& revision) {
  if (kinship.merge_base_commit == kinship.base_commit) return absl::OkStatus();
  const std::string named = absl::StrCat("\"", revision, "\" (", Short(kinship.head_commit), ")");
  const std::string in_force = Short(kinship.base_commit);
  if (kinship.merge_base_commit == kinship.head_commit)
    return Refuse("STALE_RELEASE",
                  absl::StrCat(named, " is older than ", in_force,
                               ", the commit in force; nothing was changed. Roll back to a release "
                               "of it, or revert what came after it and release that"),
                  kinship);
  return Refuse(
      "DIVERGED_RELEASE",
      absl::StrCat(named, " does not descend from ", in_force,
                   ", the commit in force; nothing was changed. Merge it, or roll back to "
                   "a release that it descends from"),
      kinship);
}

absl::Status CheckRetirements(const DesiredFleet& desired,
                              const std::vector<CircuitRecord>& present, int retired,
                              std::optional<int> allowed, const std::string& revision) {
  const auto active =
      static_cast<int>(std::count_if(present.begin(), present.end(), [](const auto& circuit) {
        return circuit.desired_state == DesiredState::kActive;
      }));
  const bool emptied =
      desired.circuits.empty() && desired.unsound.empty() && active > 0 && !allowed;
  const int most = allowed.value_or(std::max(kFewRetired, active / 10));
  if (retired <= most && !emptied) return absl::OkStatus();
  const std::string named = absl::StrCat("\"", revision, "\" (", Short(desired.commit), ")");
  const std::string what =
      emptied
          ? absl::StrCat(named, " has no circuit at all, and ", active, " are in force")
          : absl::StrCat(
                named, " takes ", retired, " of ", active, " circuits out of service, more than ",
                allowed ? "the " : "a release may unasked: ", most, allowed ? " allowed" : "");
  return Refused(absl::StatusCode::kFailedPrecondition,
                 emptied ? "FLEET_EMPTY" : "LARGE_RETIREMENT",
                 absl::StrCat(what,
                              "; nothing was changed. Mend the master list, or, if that is meant, "
                              "allow it with max_retired_circuits (--max-retired ",
                              emptied ? active : retired, ")"),
                 {{"commit", desired.commit}, {"retired", absl::StrCat(retired)}});
}

Releaser::Releaser(ModelRegistry& registry, CircuitCatalog& catalog, ReleaseStore& store)
    : registry_(registry), catalog_(catalog), store_(store) {}

absl::StatusOr<std::vector<NewStep>> Releaser::Plan(const std::vector<CircuitRecord>& to_step,
                                                    bool rollback, ReleasePlan& plan) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto facts, FactsOf(registry_, to_step));
  std::vector<NewStep> steps;
  steps.reserve(to_step.size());
  for (const CircuitRecord& circuit : to_step) {
    const StepDecision decision = Decide(circuit, facts.at(circuit.circuit), rollback);
    Count(decision, plan);
    steps.push_back({.circuit = circuit.circuit,
                     .pin = {.train = decision.ask_trainer,
                             .champion_stood = circuit.step ? circuit.step->champion_stood : 0}});
  }
  return steps;
}

absl::StatusOr<Release> Releaser::PutInForce(const MutatingRequest& request, ReleasePin pin,
                                             const InForce& in_force, bool rollback,
                                             std::optional<int> most_retired) {
  FLEETCAST_ASSIGN_OR_RETURN(const DesiredFleet fleet, catalog_.GetFleet(pin.revision));
  if (!in_force.commit.empty() && !rollback) {
    auto kinship = catalog_.GetKinship(in_force.commit, fleet.commit);
    if (ReasonOf(kinship.status()) == "REVISION_NOT_FOUND")
      kinship = Kinship{.base_commit = in_force.commit, .head_commit = fleet.commit};
    FLEETCAST_RETURN_IF_ERROR(kinship.status());
    FLEETCAST_RETURN_IF_ERROR(CheckSuccession(*kinship, pin.revision));
    FLEETCAST_RETURN_IF_ERROR(CheckNotRolledBack(in_force, fleet.commit, pin.revision));
  }
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<CircuitRecord> present, store_.AllCircuits());
  const FleetChange change = ChangeTo(fleet, present);
  FLEETCAST_RETURN_IF_ERROR(
      CheckRetirements(fleet, present, change.retired, most_retired, pin.revision));
  if (in_force.commit == fleet.commit && change.changed.empty() && !rollback) {
    FLEETCAST_ASSIGN_OR_RETURN(const Release standing, store_.Get(in_force.release_id));
    FLEETCAST_ASSIGN_OR_RETURN(const bool finished, IsFinished(standing, change.to_step));
    if (finished) return store_.AnswerWithInForce(request, in_force);
    // What a rollback could not do is tried again as one.
    pin.rollback_of = standing.pin.rollback_of;
  }
  NewRelease release{.pin = std::move(pin), .changed = change.changed, .steps = {}};
  release.pin.commit = fleet.commit;
  release.pin.previous_release = in_force.release_id;
  release.pin.plan = {
      .in_sync = change.in_sync, .pinned = change.pinned, .unsound = change.unsound};
  for (const auto& [circuit, because] : fleet.unsound)
    if (release.pin.unsound_circuits.size() < kMostUnsoundNamed)
      release.pin.unsound_circuits.push_back(CircuitKey(circuit));
  if (!fleet.complete)
    release.pin.note =
        "entries of the master list cannot be read at the commit, so no circuit was retired: see "
        "`fleetcast config validate`";
  FLEETCAST_ASSIGN_OR_RETURN(
      release.steps, Plan(change.to_step, !release.pin.rollback_of.empty(), release.pin.plan));
  return store_.Create(request, release, in_force);
}

absl::StatusOr<bool> Releaser::IsFinished(const Release& standing,
                                          const std::vector<CircuitRecord>& to_step) {
  if (StateOf(standing) == ReleaseState::kApplying || to_step.empty()) return true;
  if (std::any_of(to_step.begin(), to_step.end(), IsUnfinished)) return false;
  FLEETCAST_ASSIGN_OR_RETURN(const auto facts, FactsOf(registry_, to_step));
  return std::none_of(to_step.begin(), to_step.end(), [&](const CircuitRecord& circuit) {
    return HasNewVerdict(circuit, facts.at(circuit.circuit), !standing.pin.rollback_of.empty());
  });
}

absl::Status Releaser::CheckNotRolledBack(const InForce& in_force, const std::string& commit,
                                          const std::string& revision) {
  if (commit == in_force.commit) return absl::OkStatus();
  FLEETCAST_ASSIGN_OR_RETURN(Release at, store_.Get(in_force.release_id));
  while (!at.pin.rollback_of.empty() && !at.pin.previous_release.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(Release left, store_.Get(at.pin.previous_release));
    bool covered = left.pin.commit == commit;
    if (!covered && left.pin.commit != in_force.commit) {
      const auto kinship = catalog_.GetKinship(left.pin.commit, commit);
      if (!kinship.ok() && ReasonOf(kinship.status()) != "REVISION_NOT_FOUND")
        return kinship.status();
      covered = kinship.ok() && kinship->merge_base_commit == commit;
    }
    if (covered)
      return Refused(
          absl::StatusCode::kFailedPrecondition, "ROLLED_BACK",
          absl::StrCat("\"", revision, "\" (", Short(commit), ") was rolled back from",
                       at.pin.actor.empty() ? "" : absl::StrCat(" by ", at.pin.actor),
                       at.pin.reason.empty() ? "" : absl::StrCat(" (", at.pin.reason, ")"),
                       "; nothing was changed. Release a later commit that mends it, or, to have "
                       "it again as it is, roll back to ",
                       ReleaseResource(left.group.id)),
          {{"commit", commit}, {"release", ReleaseResource(left.group.id)}});
    at = std::move(left);
  }
  return absl::OkStatus();
}

absl::StatusOr<Release> Releaser::Create(const MutatingRequest& request,
                                         const ReleaseCommand& command) {
  FLEETCAST_ASSIGN_OR_RETURN(auto first, store_.FirstRelease(request));
  if (first) return *std::move(first);
  for (int tries = 1;; ++tries) {
    FLEETCAST_ASSIGN_OR_RETURN(const InForce in_force, store_.GetInForce());
    auto release = PutInForce(
        request, {.revision = command.revision, .actor = command.actor, .reason = command.reason},
        in_force, /*rollback=*/false, command.most_retired);
    if (ReasonOf(release.status()) != "RELEASE_CHANGED" || tries == kMaxTries) return release;
  }
}

absl::StatusOr<Release> Releaser::CommitBefore(const Release& standing) {
  // A rollback stands where that stood to which it returned.
  const auto origin = [this](Release release) -> absl::StatusOr<Release> {
    while (!release.pin.rollback_of.empty()) {
      FLEETCAST_ASSIGN_OR_RETURN(release, store_.Get(release.pin.rollback_of));
    }
    return release;
  };
  FLEETCAST_ASSIGN_OR_RETURN(Release at, origin(standing));
  while (at.pin.commit == standing.pin.commit) {
    if (at.pin.previous_release.empty())
      return Refused(absl::StatusCode::kFailedPrecondition, "NO_PREVIOUS_RELEASE",
                     absl::StrCat("nothing was in force before commit ", Short(at.pin.commit),
                                  "; revert what it changed on its branch and release that"));
    FLEETCAST_ASSIGN_OR_RETURN(Release before, store_.Get(at.pin.previous_release));
    FLEETCAST_ASSIGN_OR_RETURN(at, origin(std::move(before)));
  }
  return at;
}

absl::StatusOr<Release> Releaser::RollBack(const MutatingRequest& request,
                                           const std::string& release_id,
                                           const ReleaseCommand& command) {
  FLEETCAST_ASSIGN_OR_RETURN(auto first, store_.FirstRelease(request));
  if (first) return *std::move(first);
  FLEETCAST_ASSIGN_OR_RETURN(const Release standing, store_.Get(""));
  FLEETCAST_ASSIGN_OR_RETURN(const Release wanted,
                             release_id.empty() ? CommitBefore(standing) : store_.Get(release_id));
  return PutInForce(request,
                    {.revision = wanted.pin.commit,
                     .rollback_of = wanted.group.id,
                     .actor = command.actor,
                     .reason = command.reason},
                    {.release_id = standing.group.id, .commit = standing.pin.commit},
                    /*rollback=*/true, command.most_retired);
}

absl::StatusOr<std::int64_t> Releaser::ChampionBefore(const CircuitId& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitStatus status, store_.GetStatus(circuit));
  FLEETCAST_ASSIGN_OR_RETURN(const auto champions, registry_.GetChampions({circuit}));
  const auto found = champions.find(circuit);
  const StandingChampion champion = found == champions.end() ? StandingChampion{} : found->second;
  const auto& pin = status.record.pin;
  if (pin && pin->model_version != champion.version)
    return Refused(
        absl::StatusCode::kFailedPrecondition, "STEP_UNDER_WAY",
        absl::StrCat(ModelVersionResource(pin->model_version), " is still being made champion of ",
                     CircuitResource(circuit), "; send the request again when it is"));
  if (champion.previous == 0)
    return Refused(absl::StatusCode::kFailedPrecondition, "NO_PREVIOUS_CHAMPION",
                   absl::StrCat("nothing came before the champion of ", CircuitResource(circuit),
                                "; name the version that is to serve"));
  return champion.previous;
}

absl::StatusOr<CircuitStatus> Releaser::Pin(const MutatingRequest& request, NewPin pin) {
  FLEETCAST_ASSIGN_OR_RETURN(auto first, store_.FirstStatus(request));
  if (first) return *std::move(first);
  if (pin.roll_back) {
    FLEETCAST_ASSIGN_OR_RETURN(pin.model_version, ChampionBefore(pin.circuit));
  }
  if (pin.model_version > 0) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto versions,
                               registry_.GetModelVersions({pin.model_version}));
    const auto found = versions.find(pin.model_version);
    if (found == versions.end())
      return ResourceNotFound("ModelVersion", ModelVersionResource(pin.model_version),
                              "list the versions with ListModelVersions");
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, CircuitOf(found->second));
    if (circuit != pin.circuit)
      return Refused(
          absl::StatusCode::kFailedPrecondition, "MODEL_OF_OTHER_CIRCUIT",
          absl::StrCat(ModelVersionResource(pin.model_version), " was trained for ",
                       CircuitResource(circuit), ", not for ", CircuitResource(pin.circuit)));
  }
  return store_.Pin(request, pin);
}

}  // namespace fleetcast::inference
