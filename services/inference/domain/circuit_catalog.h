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
};

// Thread safe. Errors are those of the config service, UNAVAILABLE if it cannot be reached.
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
