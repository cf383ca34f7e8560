// Methods of the trainer service.
#pragma once

#include "cli/transport/method.h"
#include "fleetcast/trainer/v1/training_service.pb.h"

namespace fleetcast::cli::trainer_rpc {
namespace v1 = fleetcast::trainer::v1;

inline constexpr Method<v1::CreateTrainingRunRequest, v1::TrainingRun> kCreateTrainingRun{
    Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/CreateTrainingRun"};
inline constexpr Method<v1::GetTrainingRunRequest, v1::TrainingRun> kGetTrainingRun{
    Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/GetTrainingRun"};
inline constexpr Method<v1::ListTrainingRunsRequest, v1::ListTrainingRunsResponse>
    kListTrainingRuns{Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/ListTrainingRuns"};
inline constexpr Method<v1::WatchTrainingRunRequest, v1::WatchTrainingRunResponse>
    kWatchTrainingRun{Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/WatchTrainingRun"};
inline constexpr Method<v1::CancelTrainingRunRequest, v1::TrainingRun> kCancelTrainingRun{
    Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/CancelTrainingRun"};
inline constexpr Method<v1::RetryTrainingRunRequest, v1::TrainingRun> kRetryTrainingRun{
    Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/RetryTrainingRun"};
inline constexpr Method<v1::ListTrainingJobsRequest, v1::ListTrainingJobsResponse>
    kListTrainingJobs{Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/ListTrainingJobs"};
inline constexpr Method<v1::CancelTrainingJobRequest, v1::TrainingJob> kCancelTrainingJob{
    Service::kTrainer, "/fleetcast.trainer.v1.TrainingService/CancelTrainingJob"};

}  // namespace fleetcast::cli::trainer_rpc
