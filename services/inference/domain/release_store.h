// Port: releases, and what is known of circuits. Implementation: PostgresReleaseStore.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/condition.h"
#include "services/inference/domain/fleet_problem.h"
#include "services/inference/domain/reconcile.h"
#include "services/inference/domain/release.h"

namespace fleetcast::inference {

struct InForce {
  std::string release_id, commit;  // empty: none yet
};

struct NewStep {
  CircuitId circuit;
  StepPin pin;
};

struct NewRelease {
  ReleasePin pin;
  std::vector<CircuitRecord> changed;  // as FleetChange has them
  std::vector<NewStep> steps;
};

struct ReleaseChanges {
  Release release;
  std::vector<ReleaseStep> changed;  // queued or ended since, in order of change
  std::vector<ReleaseStep> running;  // all that run now
  workqueue::Mark mark;              // for the next call
  bool more = false;                 // cut: ask again at once
};

// A circuit with what is out of the ordinary about it.
struct CircuitStatus {
  CircuitRecord record;
  std::vector<Condition> conditions;
};

struct FleetSummary {
  int circuits = 0;
  std::map<std::string, int> by_severity, by_condition;
  std::vector<FleetProblem> problems;
};

// A circuit held against releases, from now on.
struct NewPin {
  CircuitId circuit;
  std::int64_t model_version = 0;  // 0: the one that serves
  bool roll_back = false;          // instead: the champion before the present one
  std::string actor, reason;
  absl::Duration ttl = absl::InfiniteDuration();
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, and REQUEST_ID_REUSED to another request under the same id.
class ReleaseStore {
 public:
  virtual ~ReleaseStore() = default;

  // The first answer of Create, to be asked before what a release needs is fetched.
  [[nodiscard]] virtual absl::StatusOr<std::optional<Release>> FirstRelease(
      const MutatingRequest& request) = 0;
  [[nodiscard]] virtual absl::StatusOr<InForce> GetInForce() = 0;
  // All, by plant and circuit, without their settings.
  [[nodiscard]] virtual absl::StatusOr<std::vector<CircuitRecord>> AllCircuits() = 0;
  // Puts it in force, in place of `expected`, whose steps that wait or run are superseded. ABORTED
  // with reason RELEASE_CHANGED if another is in force by now.
  [[nodiscard]] virtual absl::StatusOr<Release> Create(const MutatingRequest& request,
                                                       const NewRelease& release,
                                                       const InForce& expected) = 0;
  // Answers `request` with the release in force, where there is nothing to change.
  [[nodiscard]] virtual absl::StatusOr<Release> AnswerWithInForce(const MutatingRequest& request,
                                                                  const InForce& expected) = 0;

  // "": the one in force. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Release> Get(const std::string& release_id) = 0;
  // Newest first; next_after is {release id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Release>> List(const std::optional<Filter>& filter,
                                                             const PageRequest& page) = 0;
  // By name; next_after is {release id, "P001.C001"}. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<PageOf<ReleaseStep>> ListSteps(
      const std::string& release_id, const std::optional<Filter>& filter,
      const PageRequest& page) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<ReleaseChanges> ChangesSince(
      const std::string& release_id, const workqueue::Mark& mark) = 0;

  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<CircuitStatus> GetStatus(const CircuitId& circuit) = 0;
  // By plant and circuit; "" is every plant. next_after is {plant id, circuit id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<CircuitStatus>> ListStatuses(
      const std::string& plant_id, const std::optional<Filter>& filter,
      const PageRequest& page) = 0;
  [[nodiscard]] virtual absl::StatusOr<FleetSummary> Summarize(
      const std::string& plant_id, const std::optional<Filter>& filter) = 0;

  // The first answer of Pin, to be asked before what a pin needs is fetched.
  [[nodiscard]] virtual absl::StatusOr<std::optional<CircuitStatus>> FirstStatus(
      const MutatingRequest& request) = 0;
  // Holds the circuit, and starts the step that makes it so. NOT_FOUND; FAILED_PRECONDITION
  // CIRCUIT_NOT_CONFIGURED, CIRCUIT_NOT_DEPLOYED where no version is named and none serves.
  [[nodiscard]] virtual absl::StatusOr<CircuitStatus> Pin(const MutatingRequest& request,
                                                          const NewPin& pin) = 0;
  // NOT_FOUND; FAILED_PRECONDITION CIRCUIT_NOT_PINNED.
  [[nodiscard]] virtual absl::StatusOr<CircuitStatus> Unpin(const MutatingRequest& request,
                                                            const CircuitId& circuit,
                                                            const std::string& actor,
                                                            const std::string& reason) = 0;

  // -- For who carries out steps
  // With their settings; those that there are.
  [[nodiscard]] virtual absl::StatusOr<std::vector<CircuitRecord>> ReadCircuits(
      const std::vector<CircuitId>& circuits) = 0;
  // Those of the group's steps that were found to need the trainer when it was made, by name.
  [[nodiscard]] virtual absl::StatusOr<std::vector<CircuitId>> ToTrain(
      const std::string& group_id) = 0;
  // A new step for a circuit instead of whichever it has, as Pin makes one. NOT_FOUND.
  [[nodiscard]] virtual absl::Status StepAgain(const CircuitId& circuit, const std::string& actor,
                                               const std::string& reason) = 0;
  // Notes which run makes the versions of those of these circuits whose last step is of the group.
  [[nodiscard]] virtual absl::Status NoteTraining(const std::string& group_id,
                                                  const std::vector<CircuitId>& circuits,
                                                  const std::string& training_run) = 0;
};

// The errors above, worded once.
[[nodiscard]] absl::Status ReleaseNotFound(const std::string& release_id);
[[nodiscard]] absl::Status CircuitNotFound(const CircuitId& circuit);

// What the lists can be filtered by.
[[nodiscard]] const FilterFields& ReleaseFilterFields();
[[nodiscard]] const FilterFields& StepFilterFields();
[[nodiscard]] const FilterFields& StatusFilterFields();
// A field of a status as its filter compares it.
[[nodiscard]] std::optional<std::string> StatusField(const CircuitStatus& status,
                                                     const std::string& field);

[[nodiscard]] std::vector<std::string> PageKeyOf(const CircuitStatus& status);

}  // namespace fleetcast::inference
