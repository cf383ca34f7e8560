// ModelService over the stores of model versions and champions.
#pragma once

#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "services/registry/domain/model_store.h"

namespace fleetcast::registry {

// Thread safe.
class ModelRpc final : public v1::ModelService::Service {
 public:
  // The stores must outlive the service.
  ModelRpc(ModelVersionStore* versions, ChampionStore* champions)
      : versions_(*versions), champions_(*champions) {}

  grpc::Status CreateModelVersion(grpc::ServerContext* context,
                                  const v1::CreateModelVersionRequest* request,
                                  v1::ModelVersion* reply) override;
  grpc::Status GetModelVersion(grpc::ServerContext* context,
                               const v1::GetModelVersionRequest* request,
                               v1::ModelVersion* reply) override;
  grpc::Status ListModelVersions(grpc::ServerContext* context,
                                 const v1::ListModelVersionsRequest* request,
                                 v1::ListModelVersionsResponse* reply) override;
  grpc::Status UpdateModelVersionTags(grpc::ServerContext* context,
                                      const v1::UpdateModelVersionTagsRequest* request,
                                      v1::ModelVersion* reply) override;
  grpc::Status GetChampion(grpc::ServerContext* context, const v1::GetChampionRequest* request,
                           v1::Champion* reply) override;
  grpc::Status ListChampions(grpc::ServerContext* context, const v1::ListChampionsRequest* request,
                             v1::ListChampionsResponse* reply) override;
  grpc::Status SetChampion(grpc::ServerContext* context, const v1::SetChampionRequest* request,
                           v1::Champion* reply) override;
  grpc::Status RollbackChampion(grpc::ServerContext* context,
                                const v1::RollbackChampionRequest* request,
                                v1::Champion* reply) override;
  grpc::Status DeleteChampion(grpc::ServerContext* context,
                              const v1::DeleteChampionRequest* request,
                              v1::ChampionEvent* reply) override;
  grpc::Status ListChampionEvents(grpc::ServerContext* context,
                                  const v1::ListChampionEventsRequest* request,
                                  v1::ListChampionEventsResponse* reply) override;

 private:
  ModelVersionStore& versions_;
  ChampionStore& champions_;
};

}  // namespace fleetcast::registry
