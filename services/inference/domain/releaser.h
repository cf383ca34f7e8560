// Makes releases: from what config and registry say of a commit to what is stored.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutating_request.h"
#include "services/inference/domain/circuit_catalog.h"
#include "services/inference/domain/model_registry.h"
#include "services/inference/domain/reconcile.h"
#include "services/inference/domain/release_store.h"

namespace fleetcast::inference {

struct ReleaseCommand {
  std::string revision;
  std::string actor, reason;
  std::optional<int> most_retired;  // circuits that it may take out of service; unset: a few
};

// FAILED_PRECONDITION with reason STALE_RELEASE or DIVERGED_RELEASE unless the head is the commit
// in force or descends from it. `revision` is what the caller named.
[[nodiscard]] absl::Status CheckSuccession(const Kinship& kinship, const std::string& revision);

// FAILED_PRECONDITION with reason LARGE_RETIREMENT where the commit takes more circuits out of
// service than `allowed`, by default kFewRetired or a tenth of those in force, whichever is more;
// FLEET_EMPTY where it has none at all: a master list that was cut by mistake would do so.
inline constexpr int kFewRetired = 3;
[[nodiscard]] absl::Status CheckRetirements(const DesiredFleet& desired,
                                            const std::vector<CircuitRecord>& present, int retired,
                                            std::optional<int> allowed,
                                            const std::string& revision);

// Thread safe. The references must outlive it.
class Releaser {
 public:
  Releaser(ModelRegistry& registry, CircuitCatalog& catalog, ReleaseStore& store);

  // As CreateRelease of the API.
  [[nodiscard]] absl::StatusOr<Release> Create(const MutatingRequest& request,
                                               const ReleaseCommand& command);
  // As RollbackRelease: to `release_id`, or "" for the one before that in force.
  [[nodiscard]] absl::StatusOr<Release> RollBack(const MutatingRequest& request,
                                                 const std::string& release_id,
                                                 const ReleaseCommand& command);
  // Makes `version` serve its circuit until it is unpinned. The registry's and the store's errors.
  [[nodiscard]] absl::StatusOr<CircuitStatus> Pin(const MutatingRequest& request, NewPin pin);

 private:
  [[nodiscard]] absl::StatusOr<Release> PutInForce(const MutatingRequest& request, ReleasePin pin,
                                                   const InForce& in_force, bool rollback,
                                                   std::optional<int> most_retired);
  // Whether the release in force has nothing more to do than it does: it goes on, or what of
  // `to_step` is not in sync was refused by the gate, of which no more has come since.
  [[nodiscard]] absl::StatusOr<bool> IsFinished(const Release& standing,
                                                const std::vector<CircuitRecord>& to_step);
  // FAILED_PRECONDITION with reason ROLLED_BACK where the commit in force was rolled back to, and
  // `commit` is what it was rolled back from, or older than that.
  [[nodiscard]] absl::Status CheckNotRolledBack(const InForce& in_force, const std::string& commit,
                                                const std::string& revision);
  // The last release of another commit than that in force, however often each was released.
  [[nodiscard]] absl::StatusOr<Release> CommitBefore(const Release& standing);
  // What a rollback of the circuit's champion returns to. NOT_FOUND; FAILED_PRECONDITION with
  // reason NO_PREVIOUS_CHAMPION, or STEP_UNDER_WAY while a pin is not yet carried out.
  [[nodiscard]] absl::StatusOr<std::int64_t> ChampionBefore(const CircuitId& circuit);
  [[nodiscard]] absl::StatusOr<std::vector<NewStep>> Plan(const std::vector<CircuitRecord>& to_step,
                                                          bool rollback, ReleasePlan& plan);

  ModelRegistry& registry_;
  CircuitCatalog& catalog_;
  ReleaseStore& store_;
};

}  // namespace fleetcast::inference
