// Data asset versions in Postgres: registry.data_asset_versions.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "services/registry/domain/data_asset_store.h"

namespace fleetcast::registry {

class PostgresDataAssetStore final : public DataAssetStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresDataAssetStore(db::ConnectionPool* pool) : pool_(*pool) {}

  [[nodiscard]] absl::StatusOr<DataAssetVersion> Pin(const MutatingRequest& request,
                                                     const DataAssetVersion& reading) override;
  [[nodiscard]] absl::StatusOr<DataAssetVersion> Get(const DataAssetVersionName& name) override;
  [[nodiscard]] absl::StatusOr<PageOf<DataAssetVersion>> List(const std::string& asset_id,
                                                              const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::registry
