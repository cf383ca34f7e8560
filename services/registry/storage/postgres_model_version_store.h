// Model versions in Postgres: registry.models, model_versions.
#pragma once

#include <string>

#include "common/db/connection_pool.h"
#include "services/registry/domain/model_store.h"
#include "services/registry/storage/group_commit.h"
#include "services/registry/storage/version_batch.h"

namespace fleetcast::registry {

class PostgresModelVersionStore final : public ModelVersionStore {
 public:
  // `pool` must outlive the store.
  explicit PostgresModelVersionStore(db::ConnectionPool* pool);

  [[nodiscard]] absl::StatusOr<ModelVersion> Create(const MutatingRequest& request,
                                                    const NewModelVersion& version) override;
  [[nodiscard]] absl::StatusOr<ModelVersion> Get(const ModelVersionName& name) override;
  [[nodiscard]] absl::StatusOr<PageOf<ModelVersion>> List(const std::string& model_id,
                                                          const ListQuery& query,
                                                          VersionOrder order) override;
  [[nodiscard]] absl::StatusOr<ModelVersion> UpdateTags(const MutatingRequest& request,
                                                        const ModelVersionName& name,
                                                        const TagChange& change) override;

 private:
  db::ConnectionPool& pool_;
  GroupCommit<NewVersionRequest, absl::StatusOr<ModelVersion>> creations_;
};

}  // namespace fleetcast::registry
