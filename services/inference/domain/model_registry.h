// Port: the registry as inference sees it. Implementations: RegistryClient, FakeModelRegistry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// Thread safe. Errors are those of the registry, UNAVAILABLE if it cannot be reached.
class ModelRegistry {
 public:
  virtual ~ModelRegistry() = default;
  // Those of `versions` that there are, by number.
  [[nodiscard]] virtual absl::StatusOr<std::map<std::int64_t, ModelVersion>> GetModelVersions(
      const std::vector<std::int64_t>& versions) = 0;
  // The artifact's bytes, their hash verified, within `timeout`. Reasons: MODEL_UNAVAILABLE
  // (UNAVAILABLE, worth another try), MODEL_ARTIFACT_MISSING and MODEL_ARTIFACT_CORRUPT
  // (DATA_LOSS).
  [[nodiscard]] virtual absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256,
                                                                     absl::Duration timeout) = 0;
};

}  // namespace fleetcast::inference
