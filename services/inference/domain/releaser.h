// Makes releases: from what config and registry say of a commit to what is stored.
#pragma once

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
};

// FAILED_PRECONDITION with reason STALE_RELEASE or DIVERGED_RELEASE unless the head is the commit
// in force or descends from it. `revision` is what the caller named.
[[nodiscard]] absl::Status CheckSuccession(const Kinship& kinship, const std::string& revision);

// FAILED_PRECONDITION with reason FLEET_EMPTY where the commit has no circuit at all and some are
// in force: a master list emptied by mistake would take everything out of service.
[[nodiscard]] absl::Status CheckNotEmptied(const DesiredFleet& desired,
                                           const std::vector<CircuitRecord>& present,
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
  [[nodiscard]] absl::StatusOr<CircuitStatus> Pin(const MutatingRequest& request,
                                                  const NewPin& pin);

 private:
  [[nodiscard]] absl::StatusOr<Release> PutInForce(const MutatingRequest& request, ReleasePin pin,
                                                   const InForce& in_force, bool rollback);
  // The last release of another commit than that in force, however often each was released.
  [[nodiscard]] absl::StatusOr<Release> CommitBefore(const Release& standing);
  [[nodiscard]] absl::StatusOr<std::vector<NewStep>> Plan(const std::vector<CircuitRecord>& to_step,
                                                          bool rollback, ReleasePlan& plan);

  ModelRegistry& registry_;
  CircuitCatalog& catalog_;
  ReleaseStore& store_;
};

}  // namespace fleetcast::inference
