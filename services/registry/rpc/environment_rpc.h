// EnvironmentService over an EnvironmentStore.
#pragma once

#include "fleetcast/registry/v1/environment_service.grpc.pb.h"
#include "services/registry/domain/environment_store.h"

namespace fleetcast::registry {

// Thread safe.
class EnvironmentRpc final : public v1::EnvironmentService::Service {
 public:
  // `store` must outlive the service.
  explicit EnvironmentRpc(EnvironmentStore* store) : store_(*store) {}

  grpc::Status CreateEnvironmentVersion(grpc::ServerContext* context,
                                        const v1::CreateEnvironmentVersionRequest* request,
                                        v1::EnvironmentVersion* reply) override;
  grpc::Status GetEnvironmentVersion(grpc::ServerContext* context,
                                     const v1::GetEnvironmentVersionRequest* request,
                                     v1::EnvironmentVersion* reply) override;
  grpc::Status ListEnvironmentVersions(grpc::ServerContext* context,
                                       const v1::ListEnvironmentVersionsRequest* request,
                                       v1::ListEnvironmentVersionsResponse* reply) override;

 private:
  EnvironmentStore& store_;
};

}  // namespace fleetcast::registry
