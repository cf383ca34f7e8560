// fleetcast.trainer.v1.TrainingService: request → one call → response.
#pragma once

#include <grpcpp/grpcpp.h>

#include "common/base/clock.h"
#include "common/base/notification.h"
#include "fleetcast/trainer/v1/training_service.grpc.pb.h"
#include "services/trainer/domain/run_creation.h"
#include "services/trainer/domain/run_store.h"

namespace fleetcast::trainer {

// Thread safe.
class TrainingService final : public v1::TrainingService::Service {
 public:
  // All must outlive it. `draining`: watches end when it is notified.
  TrainingService(RunCreation& creation, RunStore& store, Clock& clock,
                  const Notification& draining);

  grpc::Status CreateTrainingRun(grpc::ServerContext* context,
                                 const v1::CreateTrainingRunRequest* request,
                                 v1::TrainingRun* response) override;
  grpc::Status GetTrainingRun(grpc::ServerContext* context,
                              const v1::GetTrainingRunRequest* request,
                              v1::TrainingRun* response) override;
  grpc::Status ListTrainingRuns(grpc::ServerContext* context,
                                const v1::ListTrainingRunsRequest* request,
                                v1::ListTrainingRunsResponse* response) override;
  grpc::Status WatchTrainingRun(grpc::ServerContext* context,
                                const v1::WatchTrainingRunRequest* request,
                                grpc::ServerWriter<v1::WatchTrainingRunResponse>* writer) override;
  grpc::Status CancelTrainingRun(grpc::ServerContext* context,
                                 const v1::CancelTrainingRunRequest* request,
                                 v1::TrainingRun* response) override;
  grpc::Status RetryTrainingRun(grpc::ServerContext* context,
                                const v1::RetryTrainingRunRequest* request,
                                v1::TrainingRun* response) override;
  grpc::Status GetTrainingJob(grpc::ServerContext* context,
                              const v1::GetTrainingJobRequest* request,
                              v1::TrainingJob* response) override;
  grpc::Status ListTrainingJobs(grpc::ServerContext* context,
                                const v1::ListTrainingJobsRequest* request,
                                v1::ListTrainingJobsResponse* response) override;
  grpc::Status CancelTrainingJob(grpc::ServerContext* context,
                                 const v1::CancelTrainingJobRequest* request,
                                 v1::TrainingJob* response) override;

 private:
  RunCreation& creation_;
  RunStore& store_;
  Clock& clock_;
  const Notification& draining_;
};

}  // namespace fleetcast::trainer
