// Which artifacts there are, and which runs have them. The bytes are elsewhere: ArtifactFiles.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/page.h"
#include "services/registry/domain/artifact.h"
#include "services/registry/domain/request.h"

namespace fleetcast::registry {

// Thread safe. Requests, times and errors as with ExperimentStore.
class ArtifactStore {
 public:
  virtual ~ArtifactStore() = default;

  // Records bytes that are safely stored, for `run` if given. Bytes already known are one
  // artifact. NOT_FOUND: no such run. ALREADY_EXISTS (RUN_FILE_EXISTS).
  [[nodiscard]] virtual absl::StatusOr<Artifact> Record(const MutatingRequest& request,
                                                        const Artifact& artifact,
                                                        const std::optional<RunName>& run) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Artifact> Get(const std::string& sha256) = 0;
  // Newest first; only those of `run` if given, under the run's own file names.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Artifact>> List(const std::optional<RunName>& run,
                                                              const PageRequest& page) = 0;
};

}  // namespace fleetcast::registry
