// fleetcast.inference.v1.BatchEndpointService over the domain.
#pragma once

#include "fleetcast/inference/v1/batch_endpoint_service.grpc.pb.h"
#include "services/inference/domain/deployer.h"
#include "services/inference/domain/deployment_store.h"

namespace fleetcast::inference {

class BatchEndpointService final : public v1::BatchEndpointService::Service {
 public:
  BatchEndpointService(Deployer& deployer, DeploymentStore& store)
      : deployer_(deployer), store_(store) {}

  grpc::Status GetBatchEndpoint(grpc::ServerContext* context,
                                const v1::GetBatchEndpointRequest* request,
                                v1::BatchEndpoint* reply) override;
  grpc::Status ListBatchEndpoints(grpc::ServerContext* context,
                                  const v1::ListBatchEndpointsRequest* request,
                                  v1::ListBatchEndpointsResponse* reply) override;
  grpc::Status DeployModelVersion(grpc::ServerContext* context,
                                  const v1::DeployModelVersionRequest* request,
                                  v1::Deployment* reply) override;
  grpc::Status BatchDeployModelVersions(grpc::ServerContext* context,
                                        const v1::BatchDeployModelVersionsRequest* request,
                                        v1::BatchDeployModelVersionsResponse* reply) override;
  grpc::Status GetDeployment(grpc::ServerContext* context, const v1::GetDeploymentRequest* request,
                             v1::Deployment* reply) override;
  grpc::Status ListDeployments(grpc::ServerContext* context,
                               const v1::ListDeploymentsRequest* request,
                               v1::ListDeploymentsResponse* reply) override;
  grpc::Status DeleteDeployment(grpc::ServerContext* context,
                                const v1::DeleteDeploymentRequest* request,
                                google::protobuf::Empty* reply) override;

 private:
  Deployer& deployer_;
  DeploymentStore& store_;
};

}  // namespace fleetcast::inference
