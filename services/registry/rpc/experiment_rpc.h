// ExperimentService over an ExperimentStore.
#pragma once

#include "fleetcast/registry/v1/experiment_service.grpc.pb.h"
#include "services/registry/domain/experiment_store.h"

namespace fleetcast::registry {

// Thread safe.
class ExperimentRpc final : public v1::ExperimentService::Service {
 public:
  // `store` must outlive the service.
  explicit ExperimentRpc(ExperimentStore* store) : store_(*store) {}

  grpc::Status CreateExperiment(grpc::ServerContext* context,
                                const v1::CreateExperimentRequest* request,
                                v1::Experiment* reply) override;
  grpc::Status GetExperiment(grpc::ServerContext* context, const v1::GetExperimentRequest* request,
                             v1::Experiment* reply) override;
  grpc::Status ListExperiments(grpc::ServerContext* context,
                               const v1::ListExperimentsRequest* request,
                               v1::ListExperimentsResponse* reply) override;
  grpc::Status CreateRun(grpc::ServerContext* context, const v1::CreateRunRequest* request,
                         v1::Run* reply) override;
  grpc::Status GetRun(grpc::ServerContext* context, const v1::GetRunRequest* request,
                      v1::Run* reply) override;
  grpc::Status ListRuns(grpc::ServerContext* context, const v1::ListRunsRequest* request,
                        v1::ListRunsResponse* reply) override;
  grpc::Status LogBatch(grpc::ServerContext* context, const v1::LogBatchRequest* request,
                        v1::LogBatchResponse* reply) override;
  grpc::Status FinishRun(grpc::ServerContext* context, const v1::FinishRunRequest* request,
                         v1::Run* reply) override;
  grpc::Status ListMetricHistory(grpc::ServerContext* context,
                                 const v1::ListMetricHistoryRequest* request,
                                 v1::ListMetricHistoryResponse* reply) override;

 private:
  ExperimentStore& store_;
};

}  // namespace fleetcast::registry
