// Several new model versions in one transaction.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/base/mutating_request.h"
#include "common/db/connection_pool.h"
#include "services/registry/domain/model_version.h"

namespace fleetcast::registry {

struct NewVersionRequest {
  MutatingRequest request;
  NewModelVersion version;
};

// Bounds how long one transaction holds the model's row, and what one statement carries.
inline constexpr std::size_t kMostVersionsAtOnce = 64;

// Whether `next` may be made in one transaction with `batch`: of the same model, under another
// request id, for another training job.
[[nodiscard]] bool FitsVersionBatch(const std::vector<const NewVersionRequest*>& batch,
                                    const NewVersionRequest& next);

// Makes the versions of a batch, numbered in its order without gaps: a request that fails takes no
// number and fails alone. What ModelVersionStore::Create returns for each.
[[nodiscard]] std::vector<absl::StatusOr<ModelVersion>> CreateVersions(
    db::ConnectionPool& pool, const std::vector<const NewVersionRequest*>& batch);

}  // namespace fleetcast::registry
