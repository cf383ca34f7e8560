// The four services as the CLI sees them, in this process: each answers what a test has put there
// and keeps what it was asked.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "fleetcast/inference/v1/batch_endpoint_service.grpc.pb.h"
#include "fleetcast/inference/v1/forecast_service.grpc.pb.h"
#include "fleetcast/inference/v1/invocation_service.grpc.pb.h"
#include "fleetcast/inference/v1/release_service.grpc.pb.h"
#include "fleetcast/trainer/v1/training_service.grpc.pb.h"
#include "fleetcast/workqueue/v1/work_queue_service.grpc.pb.h"

namespace fleetcast::testing {

class FakeConfig final : public config::v1::ConfigService::Service {
 public:
  grpc::Status DetectChanges(grpc::ServerContext*, const config::v1::DetectChangesRequest* request,
                             config::v1::DetectChangesResponse* response) override;
  grpc::Status GetCircuit(grpc::ServerContext*, const config::v1::GetCircuitRequest* request,
                          config::v1::Circuit* response) override;
  grpc::Status ListCircuits(grpc::ServerContext*, const config::v1::ListCircuitsRequest*,
                            config::v1::ListCircuitsResponse* response) override;

  config::v1::DetectChangesResponse changes, more_changes;  // the pages
  config::v1::DetectChangesRequest asked;
  absl::Status refusal;  // what DetectChanges answers if it is an error
  config::v1::ListCircuitsResponse circuits;
};

class FakeTrainer final : public trainer::v1::TrainingService::Service {
 public:
  // One stream of WatchTrainingRun: its events, then its end.
  struct Watch {
    std::vector<trainer::v1::WatchTrainingRunResponse> events;
    grpc::Status end;
    bool stays_open = false;  // until the client goes
  };

  grpc::Status CreateTrainingRun(grpc::ServerContext*,
                                 const trainer::v1::CreateTrainingRunRequest* request,
                                 trainer::v1::TrainingRun* response) override;
  grpc::Status ListTrainingRuns(grpc::ServerContext*,
                                const trainer::v1::ListTrainingRunsRequest* request,
                                trainer::v1::ListTrainingRunsResponse* response) override;
  grpc::Status ListTrainingJobs(grpc::ServerContext*, const trainer::v1::ListTrainingJobsRequest*,
                                trainer::v1::ListTrainingJobsResponse*) override;
  grpc::Status WatchTrainingRun(
      grpc::ServerContext* context, const trainer::v1::WatchTrainingRunRequest*,
      grpc::ServerWriter<trainer::v1::WatchTrainingRunResponse>* writer) override;

  trainer::v1::TrainingRun run;
  grpc::Status creation;      // what CreateTrainingRun answers
  bool keeps_silent = false;  // it does so only when the client is gone
  int creations = 0;
  std::atomic<int> ended = 0;  // calls of CreateTrainingRun that are over
  int run_count = 1;           // runs to list, one a page
  std::vector<Watch> watches;
  std::size_t watched = 0;
  trainer::v1::CreateTrainingRunRequest created;
};

class FakeEndpoints final : public inference::v1::BatchEndpointService::Service {
 public:
  grpc::Status DeployModelVersion(grpc::ServerContext*,
                                  const inference::v1::DeployModelVersionRequest* request,
                                  inference::v1::Deployment* response) override;
  grpc::Status BatchDeployModelVersions(
      grpc::ServerContext*, const inference::v1::BatchDeployModelVersionsRequest* request,
      inference::v1::BatchDeployModelVersionsResponse* response) override;
  grpc::Status ListDeployments(grpc::ServerContext*, const inference::v1::ListDeploymentsRequest*,
                               inference::v1::ListDeploymentsResponse* response) override;

  std::string broken_version;  // deploying it fails
  inference::v1::ListDeploymentsResponse deployments;
  std::vector<std::string> deployed;
  int batches = 0;
  std::vector<std::string> batch_ids;  // their request ids
};

class FakeInvocations final : public inference::v1::InvocationService::Service {
 public:
  grpc::Status InvokeFleet(grpc::ServerContext*, const inference::v1::InvokeFleetRequest* request,
                           inference::v1::Sweep* response) override;
  grpc::Status ListSweeps(grpc::ServerContext*, const inference::v1::ListSweepsRequest*,
                          inference::v1::ListSweepsResponse*) override;
  grpc::Status WatchSweep(grpc::ServerContext*, const inference::v1::WatchSweepRequest*,
                          grpc::ServerWriter<inference::v1::WatchSweepResponse>* writer) override;

  inference::v1::Sweep sweep;
  inference::v1::WatchSweepResponse watched;
  inference::v1::InvokeFleetRequest invoked;
};

class FakeReleases final : public inference::v1::ReleaseService::Service {
 public:
  grpc::Status ListCircuitStatuses(grpc::ServerContext*,
                                   const inference::v1::ListCircuitStatusesRequest* request,
                                   inference::v1::ListCircuitStatusesResponse* response) override;
  grpc::Status GetCircuitStatus(grpc::ServerContext*,
                                const inference::v1::GetCircuitStatusRequest* request,
                                inference::v1::CircuitStatus* response) override;
  grpc::Status SummarizeFleet(grpc::ServerContext* context,
                              const inference::v1::SummarizeFleetRequest* request,
                              inference::v1::FleetSummary* response) override;

  inference::v1::ListCircuitStatusesRequest asked;
  inference::v1::ListCircuitStatusesResponse statuses;
  std::string known;  // the circuit that has a status
  inference::v1::FleetSummary summary;
  inference::v1::SummarizeFleetRequest summarized;
  absl::Status refusal;    // what SummarizeFleet answers if it is an error
  absl::Duration thought;  // before it answers
  std::vector<std::chrono::system_clock::time_point> deadlines;  // of its calls
};

class FakeForecasts final : public inference::v1::ForecastService::Service {
 public:
  grpc::Status ListForecasts(grpc::ServerContext*, const inference::v1::ListForecastsRequest*,
                             inference::v1::ListForecastsResponse* response) override;

  inference::v1::ListForecastsResponse forecasts;
};

class FakeWork final : public workqueue::v1::WorkQueueService::Service {
 public:
  grpc::Status PauseTasks(grpc::ServerContext*, const workqueue::v1::PauseTasksRequest*,
                          workqueue::v1::PauseTasksResponse* response) override;
  grpc::Status ResumeTasks(grpc::ServerContext*, const workqueue::v1::ResumeTasksRequest*,
                           workqueue::v1::ResumeTasksResponse* response) override;
  grpc::Status MoveTasks(grpc::ServerContext*, const workqueue::v1::MoveTasksRequest*,
                         workqueue::v1::MoveTasksResponse* response) override;
  // "night", which no replica works for, and "day".
  grpc::Status ListPools(grpc::ServerContext*, const workqueue::v1::ListPoolsRequest*,
                         workqueue::v1::ListPoolsResponse* response) override;
};

// An event of WatchTrainingRun about one circuit of plant P001.
trainer::v1::WatchTrainingRunResponse JobEvent(const std::string& circuit_id,
                                               trainer::v1::TrainingJob::State state,
                                               int epoch = 0);
trainer::v1::WatchTrainingRunResponse RunEvent(trainer::v1::TrainingRun::State state);

}  // namespace fleetcast::testing
