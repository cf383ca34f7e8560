// Where data asset versions are kept.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/page.h"
#include "services/registry/domain/data_asset.h"
#include "services/registry/domain/request.h"

namespace fleetcast::registry {

// Thread safe. Requests, times and errors as with ExperimentStore.
class DataAssetStore {
 public:
  virtual ~DataAssetStore() = default;

  // What PinReading says of `reading`, whose version is a cutoff date.
  [[nodiscard]] virtual absl::StatusOr<DataAssetVersion> Pin(const MutatingRequest& request,
                                                             const DataAssetVersion& reading) = 0;
  // NOT_FOUND.
  [[nodiscard]] virtual absl::StatusOr<DataAssetVersion> Get(const DataAssetVersionName& name) = 0;
  // By asset, and within one as IsLater has it; those of all assets if `asset_id` is "-".
  [[nodiscard]] virtual absl::StatusOr<PageOf<DataAssetVersion>> List(const std::string& asset_id,
                                                                      const PageRequest& page) = 0;
};

}  // namespace fleetcast::registry
