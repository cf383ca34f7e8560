// Environment versions in Postgres: registry.environment_versions.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "services/registry/domain/environment_store.h"

namespace fleetcast::registry {

class PostgresEnvironmentStore final : public EnvironmentStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresEnvironmentStore(db::ConnectionPool* pool) : pool_(*pool) {}

  [[nodiscard]] absl::StatusOr<EnvironmentVersion> Create(
      const MutatingRequest& request, const EnvironmentVersion& version) override;
  [[nodiscard]] absl::StatusOr<EnvironmentVersion> Get(const EnvironmentVersionName& name) override;
  [[nodiscard]] absl::StatusOr<PageOf<EnvironmentVersion>> List(const std::string& environment_id,
                                                                const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::registry
