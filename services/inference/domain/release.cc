#include "services/inference/domain/release.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/json.h"

namespace fleetcast::inference {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ReleasePlan, in_sync, promote, train, redeploy,
                                                retire, pinned, unsound, refused)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ReleasePin, circuit, commit, revision,
                                                previous_release, rollback_of, actor, reason, plan,
                                                unsound_circuits, note)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(StepPin, train, champion_stood)

std::string ToJson(const ReleasePin& pin) { return json(pin).dump(); }
std::string ToJson(const StepPin& pin) { return json(pin).dump(); }

ReleasePin ReleasePinOf(const std::string& text) {
  return FromJson<ReleasePin>(text, "what the release pinned").value_or(ReleasePin{});
}

StepPin StepPinOf(const std::string& text) {
  return FromJson<StepPin>(text, "what the step pinned").value_or(StepPin{});
}

Release ReleaseOf(workqueue::Group group, bool in_force) {
  Release release{.group = {},
                  .pin = ReleasePinOf(group.pin),
                  .in_force = in_force,
                  .training_run = {},
                  .obstacle = {}};
  release.group = std::move(group);
  return release;
}

CircuitId CircuitOfKey(const std::string& key) {
  const std::pair<std::string, std::string> ids = absl::StrSplit(key, absl::MaxSplits('.', 1));
  return {ids.first, ids.second};
}

ReleaseStep StepOf(workqueue::Task task) {
  ReleaseStep step{.task = {}, .circuit = CircuitOfKey(task.name), .result = {}};
  if (!task.result.empty()) step.result = StepResultOf(task.result);
  step.task = std::move(task);
  return step;
}

ReleaseState StateOf(const Release& release) {
  const workqueue::Counts& counts = release.group.counts;
  if (!IsTerminal(release.group.state)) return ReleaseState::kApplying;
  if (counts.cancelled > 0 && !release.in_force) return ReleaseState::kSuperseded;
  const int left = counts.failed + counts.cancelled + release.pin.plan.unsound;
  return left > 0 ? ReleaseState::kDegraded : ReleaseState::kApplied;
}

std::string ReleaseReason(const Release& release) {
  const workqueue::Counts& counts = release.group.counts;
  const int total = counts.total();
  std::string reason;
  switch (StateOf(release)) {
    case ReleaseState::kApplying:
      reason = absl::StrCat(total - counts.open(), " of ", total, " steps have ended");
      break;
    case ReleaseState::kApplied:
      reason = total == 0   ? "every circuit was what it says already"
               : total == 1 ? "its one step is done"
                            : absl::StrCat("all ", total, " steps are done");
      break;
    case ReleaseState::kDegraded:
      if (counts.failed + counts.cancelled > 0)
        reason = absl::StrCat(counts.failed + counts.cancelled, " of ", total,
                              " circuits could not follow");
      if (const int unsound = release.pin.plan.unsound; unsound > 0)
        absl::StrAppend(&reason, reason.empty() ? "" : "; ", unsound,
                        unsound == 1 ? " circuit keeps" : " circuits keep",
                        " what it has, for errors of its configuration");
      break;
    case ReleaseState::kSuperseded:
      reason = absl::StrCat("a later release came when ", counts.cancelled, " of ", total,
                            " steps were left");
      break;
  }
  if (release.group.paused && !IsTerminal(release.group.state))
    absl::StrAppend(&reason, "; paused");
  if (!release.obstacle.empty()) absl::StrAppend(&reason, "; ", release.obstacle);
  if (!release.pin.note.empty()) absl::StrAppend(&reason, "; ", release.pin.note);
  return reason;
}

}  // namespace fleetcast::inference
