// Releases and their steps, as snapshots: groups and tasks of the work queue, with what a release
// pins and makes of them. What somebody does to one circuit by hand is a group of the same queue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/circuit_record.h"

namespace fleetcast::inference {

inline constexpr char kReleasingQueue[] = "releasing";  // also the pool whose replicas work

// Circuits by what had to be done about them when the release was made.
struct ReleasePlan {
  int in_sync = 0, promote = 0, train = 0, redeploy = 0, retire = 0, pinned = 0, unsound = 0,
      refused = 0;
};

// What a group of the queue pins when it is made.
struct ReleasePin {
  std::string circuit;  // "P001.C001": by hand to this one; no release
  std::string commit, revision;
  std::string previous_release, rollback_of;  // release ids
  std::string actor, reason;
  ReleasePlan plan;
  std::vector<std::string> unsound_circuits;  // "P001.C001"; at most kMostUnsoundNamed
  std::string note;                           // what was left out, for people
};
inline constexpr std::size_t kMostUnsoundNamed = 100;

struct Release {
  workqueue::Group group;
  ReleasePin pin;
  bool in_force = false;
  std::string training_run;  // resource name; empty: none
  std::string obstacle;      // why no step of it can start, for people; empty: one can
};

// What a step pins.
struct StepPin {
  bool train = false;               // it was found to need the trainer when the release was made
  std::int64_t champion_stood = 0;  // RegistryFacts::stood when the step was made
};

struct ReleaseStep {
  workqueue::Task task;
  CircuitId circuit;
  StepResult result;
};

enum class ReleaseState { kApplying, kApplied, kDegraded, kSuperseded };
[[nodiscard]] ReleaseState StateOf(const Release& release);
[[nodiscard]] std::string ReleaseReason(const Release& release);  // for people

// As the queue keeps them: JSON with defaults for what is missing.
[[nodiscard]] std::string ToJson(const ReleasePin& pin);
[[nodiscard]] std::string ToJson(const StepPin& pin);
[[nodiscard]] ReleasePin ReleasePinOf(const std::string& json);
[[nodiscard]] StepPin StepPinOf(const std::string& json);

// From the queue's snapshots. Whatever cannot be read is left out: a list shows what it can.
[[nodiscard]] Release ReleaseOf(workqueue::Group group, bool in_force);
[[nodiscard]] ReleaseStep StepOf(workqueue::Task task);
// "P001.C001"
[[nodiscard]] CircuitId CircuitOfKey(const std::string& key);

}  // namespace fleetcast::inference
