// Where environment versions are kept.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/page.h"
#include "services/registry/domain/environment.h"
#include "services/registry/domain/request.h"

namespace fleetcast::registry {

// Thread safe. Requests, times and errors as with ExperimentStore.
class EnvironmentStore {
 public:
  virtual ~EnvironmentStore() = default;

  // One that stands with the same contents is returned. ALREADY_EXISTS
  // (ENVIRONMENT_VERSION_CHANGED).
  [[nodiscard]] virtual absl::StatusOr<EnvironmentVersion> Create(
      const MutatingRequest& request, const EnvironmentVersion& version) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<EnvironmentVersion> Get(
      const EnvironmentVersionName& name) = 0;
  // Newest first; those of all environments if `environment_id` is "-".
  [[nodiscard]] virtual absl::StatusOr<PageOf<EnvironmentVersion>> List(
      const std::string& environment_id, const PageRequest& page) = 0;
};

}  // namespace fleetcast::registry
