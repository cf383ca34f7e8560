// Artifacts' rows in Postgres: registry.artifacts, run_artifacts.
#pragma once

#include <optional>
#include <string>

#include "common/db/connection_pool.h"
#include "services/registry/domain/artifact_store.h"

namespace fleetcast::registry {

class PostgresArtifactStore final : public ArtifactStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresArtifactStore(db::ConnectionPool* pool) : pool_(*pool) {}

  [[nodiscard]] absl::StatusOr<Artifact> Record(const MutatingRequest& request,
                                                const Artifact& artifact,
                                                const std::optional<RunName>& run) override;
  [[nodiscard]] absl::StatusOr<Artifact> Get(const std::string& sha256) override;
  [[nodiscard]] absl::StatusOr<PageOf<Artifact>> List(const std::optional<RunName>& run,
                                                      const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::registry
