// Port: where deployments' settings come from. Implementations: ConfigCatalog (the config
// service), FakeCircuitCatalog.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// Thread safe. Errors are those of the config service, UNAVAILABLE if it cannot be reached.
class CircuitCatalog {
 public:
  virtual ~CircuitCatalog() = default;
  [[nodiscard]] virtual absl::StatusOr<DeploymentSettings> GetDeploymentSettings(
      const CircuitId& circuit, const std::string& revision) = 0;
};

}  // namespace fleetcast::inference
