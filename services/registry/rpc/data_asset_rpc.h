// DataAssetService over a DataAssetStore.
#pragma once

#include "fleetcast/registry/v1/data_asset_service.grpc.pb.h"
#include "services/registry/domain/data_asset_store.h"

namespace fleetcast::registry {

// Thread safe.
class DataAssetRpc final : public v1::DataAssetService::Service {
 public:
  // `store` must outlive the service.
  explicit DataAssetRpc(DataAssetStore* store) : store_(*store) {}

  grpc::Status CreateDataAssetVersion(grpc::ServerContext* context,
                                      const v1::CreateDataAssetVersionRequest* request,
                                      v1::DataAssetVersion* reply) override;
  grpc::Status GetDataAssetVersion(grpc::ServerContext* context,
                                   const v1::GetDataAssetVersionRequest* request,
                                   v1::DataAssetVersion* reply) override;
  grpc::Status ListDataAssetVersions(grpc::ServerContext* context,
                                     const v1::ListDataAssetVersionsRequest* request,
                                     v1::ListDataAssetVersionsResponse* reply) override;

 private:
  DataAssetStore& store_;
};

}  // namespace fleetcast::registry
