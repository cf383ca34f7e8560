// Puts model versions into service: from what the registry and the configuration say to stored
// deployments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutating_request.h"
#include "services/inference/domain/circuit_catalog.h"
#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/model_registry.h"

namespace fleetcast::inference {

struct DeployCommand {
  std::int64_t model_version = 0;
  std::string revision;  // of the configuration; empty: the version's tag git_commit_sha
  std::string etag;      // see DeploymentStore::Deploy
};

// Thread safe. The references must outlive it. A repeated request gets its first answer without
// registry or configuration being asked.
class Deployer {
 public:
  Deployer(ModelRegistry& registry, CircuitCatalog& catalog, DeploymentStore& store);

  // The errors of its three sources, MakeDeployment's, NOT_FOUND for a version that the registry
  // does not have, and FAILED_PRECONDITION MODEL_VERSION_UNTAGGED if neither a revision nor a
  // commit tag is there.
  [[nodiscard]] absl::StatusOr<Deployment> Deploy(const MutatingRequest& request,
                                                  const DeployCommand& command);
  // The same for many, each with an outcome of its own; an error only where a source is away, and
  // nothing is deployed then.
  [[nodiscard]] absl::StatusOr<std::vector<DeployOutcome>> DeployAll(
      const MutatingRequest& request, const std::vector<DeployCommand>& commands);

 private:
  [[nodiscard]] absl::StatusOr<std::vector<DeployItem>> Prepare(
      const std::vector<DeployCommand>& commands);

  ModelRegistry& registry_;
  CircuitCatalog& catalog_;
  DeploymentStore& store_;
};

}  // namespace fleetcast::inference
