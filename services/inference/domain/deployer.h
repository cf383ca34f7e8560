// Puts a model version into service: from what the registry and the configuration say to a stored
// deployment.
#pragma once

#include <string>

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

// Thread safe. The references must outlive it.
class Deployer {
 public:
  Deployer(ModelRegistry& registry, CircuitCatalog& catalog, DeploymentStore& store);

  // The errors of its three sources, MakeDeployment's, and FAILED_PRECONDITION
  // MODEL_VERSION_UNTAGGED if neither a revision nor a commit tag is there.
  [[nodiscard]] absl::StatusOr<Deployment> Deploy(const MutatingRequest& request,
                                                  const DeployCommand& command);

 private:
  ModelRegistry& registry_;
  CircuitCatalog& catalog_;
  DeploymentStore& store_;
};

}  // namespace fleetcast::inference
