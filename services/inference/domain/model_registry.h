// Port: the registry as inference sees it. Implementations: RegistryClient, FakeModelRegistry.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/inference/domain/deployment.h"
#include "services/inference/domain/reconcile.h"

namespace fleetcast::inference {

struct StandingChampion {
  std::int64_t version = 0;
  std::int64_t previous = 0;  // what a rollback returns to; 0: nothing
};

// A change of a circuit's champion.
struct ChampionChange {
  CircuitId circuit;
  std::int64_t model_version = 0;     // 0: to have none
  std::int64_t expected_current = 0;  // 0: none
  bool roll_back = false;             // to `model_version`, which is the one before
  std::string actor, reason;
};

// Thread safe. Errors are those of the registry, UNAVAILABLE if it cannot be reached.
class ModelRegistry {
 public:
  virtual ~ModelRegistry() = default;
  // Those of `versions` that there are, by number.
  [[nodiscard]] virtual absl::StatusOr<std::map<std::int64_t, ModelVersion>> GetModelVersions(
      const std::vector<std::int64_t>& versions) = 0;
  // The versions with these tags `training_hash`, by hash, newest first, with the verdicts on them.
  [[nodiscard]] virtual absl::StatusOr<std::map<std::string, std::vector<Candidate>>>
  FindCandidates(const std::vector<std::string>& training_hashes) = 0;
  // Of those of `circuits` that have one.
  [[nodiscard]] virtual absl::StatusOr<std::map<CircuitId, StandingChampion>> GetChampions(
      const std::vector<CircuitId>& circuits) = 0;
  // The same change twice is one. ABORTED with reason CHAMPION_CHANGED if the champion is another
  // than expected.
  [[nodiscard]] virtual absl::Status ChangeChampion(const std::string& request_id,
                                                    const ChampionChange& change) = 0;
  // The artifact's bytes, their hash verified, within `timeout`. Reasons: MODEL_UNAVAILABLE
  // (UNAVAILABLE, worth another try), MODEL_ARTIFACT_MISSING and MODEL_ARTIFACT_CORRUPT
  // (DATA_LOSS).
  [[nodiscard]] virtual absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256,
                                                                     absl::Duration timeout) = 0;
};

}  // namespace fleetcast::inference
