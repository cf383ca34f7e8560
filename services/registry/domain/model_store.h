// Where model versions and champions are kept.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/page.h"
#include "services/registry/domain/champion.h"
#include "services/registry/domain/model_version.h"
#include "services/registry/domain/request.h"

namespace fleetcast::registry {

// Thread safe. Requests, times and errors as with ExperimentStore.
class ModelVersionStore {
 public:
  virtual ~ModelVersionStore() = default;

  // Allots the next number; numbers have no gaps, whatever fails. A training job that has a
  // version gets it back unchanged. NOT_FOUND: no such model. FAILED_PRECONDITION
  // (REFERENCE_MISSING).
  [[nodiscard]] virtual absl::StatusOr<ModelVersion> Create(const MutatingRequest& request,
                                                            const NewModelVersion& version) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<ModelVersion> Get(const ModelVersionName& name) = 0;
  // NOT_FOUND: no such model.
  [[nodiscard]] virtual absl::StatusOr<PageOf<ModelVersion>> List(const std::string& model_id,
                                                                  const ListQuery& query,
                                                                  VersionOrder order) = 0;
  // As ApplyTagChange decides. NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<ModelVersion> UpdateTags(const MutatingRequest& request,
                                                                const ModelVersionName& name,
                                                                const TagChange& change) = 0;
};

// Thread safe. Requests, times and errors as with ExperimentStore. Changes of one circuit's
// champion happen one after another.
class ChampionStore {
 public:
  virtual ~ChampionStore() = default;

  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<Champion> Get(const CircuitName& circuit) = 0;
  // By plant and circuit.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Champion>> List(const std::string& model_id,
                                                              const ListQuery& query) = 0;
  // As CheckVersionOfCircuit and DecidePromotion decide. NOT_FOUND: no such version.
  [[nodiscard]] virtual absl::StatusOr<Champion> Promote(const MutatingRequest& request,
                                                         const CircuitName& circuit,
                                                         std::int64_t version,
                                                         std::int64_t expected_version,
                                                         const ChampionCause& cause) = 0;
  // As DecideRollback decides. NOT_FOUND: no champion.
  [[nodiscard]] virtual absl::StatusOr<Champion> RollBack(const MutatingRequest& request,
                                                          const CircuitName& circuit,
                                                          std::int64_t expected_version,
                                                          const ChampionCause& cause) = 0;
  // Newest first; plant and circuit may be "-" for all.
  // As DecideRemoval decides; what it returns is the event, not a champion. NOT_FOUND: no champion.
  [[nodiscard]] virtual absl::StatusOr<Champion> Remove(const MutatingRequest& request,
                                                        const CircuitName& circuit,
                                                        std::int64_t expected_version,
                                                        const ChampionCause& cause) = 0;
  [[nodiscard]] virtual absl::StatusOr<PageOf<ChampionEvent>> ListEvents(
      const CircuitName& circuit, const PageRequest& page) = 0;
};

}  // namespace fleetcast::registry
