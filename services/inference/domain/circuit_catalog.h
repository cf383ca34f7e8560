// Port: where deployments' settings come from. Implementations: ConfigCatalog (the config
// service), FakeCircuitCatalog.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// Thread safe. Errors are those of the config service, UNAVAILABLE if it cannot be reached.
class CircuitCatalog {
 public:
  virtual ~CircuitCatalog() = default;
  // For each of `circuits`, its settings at `revision` or what is wrong with it alone.
  [[nodiscard]] virtual absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>>
  GetDeploymentSettings(const std::vector<CircuitId>& circuits, const std::string& revision) = 0;
};

}  // namespace fleetcast::inference
