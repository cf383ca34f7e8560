// Port: where deployments' settings come from. Implementations: ConfigCatalog (the config
// service), FakeCircuitCatalog.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/inference/domain/deployment.h"
#include "services/inference/domain/reconcile.h"

namespace fleetcast::inference {

// How two commits lie in history.
struct Kinship {
  std::string base_commit, head_commit;
  std::string merge_base_commit;  // empty: none
  // UNAVAILABLE with the remote's reason where the config service could not ask it, so that a name
  // may stand for another commit by now.
  absl::Status fresh;
};

// Thread safe. Names of commits stand for what they are at the moment of the call: where a remote
// is followed, it is asked. Errors are those of the config service, UNAVAILABLE if it cannot be
// reached, or, but for GetKinship, its remote cannot and the revision is no full commit id.
class CircuitCatalog {
 public:
  virtual ~CircuitCatalog() = default;
  // For each of `circuits`, its settings at `revision` or what is wrong with it alone.
  [[nodiscard]] virtual absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>>
  GetDeploymentSettings(const std::vector<CircuitId>& circuits, const std::string& revision) = 0;
  // All circuits at a revision. FAILED_PRECONDITION if its master list cannot be read.
  [[nodiscard]] virtual absl::StatusOr<DesiredFleet> GetFleet(const std::string& revision) = 0;
  // NOT_FOUND with reason REVISION_NOT_FOUND for a revision that does not exist.
  [[nodiscard]] virtual absl::StatusOr<Kinship> GetKinship(const std::string& base_revision,
                                                           const std::string& head_revision) = 0;
};

}  // namespace fleetcast::inference
