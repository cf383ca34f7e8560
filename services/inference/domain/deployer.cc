#include "services/inference/domain/deployer.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

Deployer::Deployer(ModelRegistry& registry, CircuitCatalog& catalog, DeploymentStore& store)
    : registry_(registry), catalog_(catalog), store_(store) {}

absl::StatusOr<Deployment> Deployer::Deploy(const MutatingRequest& request,
                                            const DeployCommand& command) {
  FLEETCAST_ASSIGN_OR_RETURN(const ModelVersion version,
                             registry_.GetModelVersion(command.model_version));
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, CircuitOf(version));
  std::string revision = command.revision;
  if (revision.empty()) {
    const auto tag = version.tags.find("git_commit_sha");
    if (tag == version.tags.end() || tag->second.empty()) {
      const std::string name = ModelVersionResource(version.version);
      return Refused(absl::StatusCode::kFailedPrecondition, "MODEL_VERSION_UNTAGGED",
                     absl::StrCat(name,
                                  " has no tag git_commit_sha; give the revision to read the "
                                  "deployment's settings at"),
                     {{"model_version", name}});
    }
    revision = tag->second;
  }
  FLEETCAST_ASSIGN_OR_RETURN(const DeploymentSettings settings,
                             catalog_.GetDeploymentSettings(circuit, revision));
  FLEETCAST_ASSIGN_OR_RETURN(const Deployment deployment, MakeDeployment(version, settings));
  return store_.Deploy(request, deployment, command.etag);
}

}  // namespace fleetcast::inference
