#include "tests/integration/cli/fake_services.h"

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/rpc/status.h"
#include "tests/integration/cli/program.h"

namespace fleetcast::testing {

using grpc::ServerContext;
using grpc::Status;

Status FakeConfig::DetectChanges(ServerContext*, const config::v1::DetectChangesRequest* request,
                                 config::v1::DetectChangesResponse* response) {
  const InTurn in_turn;
  asked = *request;
  if (!refusal.ok()) return rpc::ToGrpc(refusal);
  *response = changes;
  if (!request->page_token().empty()) *response = more_changes;
  return Status::OK;
}

Status FakeConfig::GetCircuit(ServerContext*, const config::v1::GetCircuitRequest* request,
                              config::v1::Circuit*) {
  const InTurn in_turn;
  return rpc::ToGrpc(
      ResourceNotFound("Circuit", request->name(), "list the circuits of that revision"));
}

Status FakeConfig::ListCircuits(ServerContext*, const config::v1::ListCircuitsRequest*,
                                config::v1::ListCircuitsResponse* response) {
  const InTurn in_turn;
  *response = circuits;
  return Status::OK;
}

Status FakeTrainer::CreateTrainingRun(ServerContext* context,
                                      const trainer::v1::CreateTrainingRunRequest* request,
                                      trainer::v1::TrainingRun* response) {
  const absl::Cleanup over = [this] { ++ended; };
  const InTurn in_turn;
  created = *request;
  ++creations;
  while (keeps_silent && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(20));
  *response = run;
  return creation;
}

Status FakeTrainer::ListTrainingRuns(ServerContext*,
                                     const trainer::v1::ListTrainingRunsRequest* request,
                                     trainer::v1::ListTrainingRunsResponse* response) {
  const InTurn in_turn;
  const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
  if (page < run_count) {
    *response->add_training_runs() = run;
    response->mutable_training_runs(0)->set_name("trainingRuns/run" + std::to_string(page));
  }
  if (page + 1 < run_count) response->set_next_page_token(std::to_string(page + 1));
  return Status::OK;
}

Status FakeTrainer::ListTrainingJobs(ServerContext*, const trainer::v1::ListTrainingJobsRequest*,
                                     trainer::v1::ListTrainingJobsResponse*) {
  const InTurn in_turn;
  return Status::OK;
}

Status FakeTrainer::WatchTrainingRun(
    ServerContext* context, const trainer::v1::WatchTrainingRunRequest*,
    grpc::ServerWriter<trainer::v1::WatchTrainingRunResponse>* writer) {
  const InTurn in_turn;
  const Watch& watch = watches.at(std::min(watched++, watches.size() - 1));
  for (const auto& event : watch.events) writer->Write(event);
  while (watch.stays_open && !context->IsCancelled()) absl::SleepFor(absl::Milliseconds(20));
  return watch.end;
}

Status FakeReleases::ListCircuitStatuses(ServerContext*,
                                         const inference::v1::ListCircuitStatusesRequest* request,
                                         inference::v1::ListCircuitStatusesResponse* response) {
  const InTurn in_turn;
  asked = *request;
  *response = statuses;
  return Status::OK;
}

Status FakeReleases::GetCircuitStatus(ServerContext*,
                                      const inference::v1::GetCircuitStatusRequest* request,
                                      inference::v1::CircuitStatus*) {
  const InTurn in_turn;
  if (request->name() == known + "/status") return Status::OK;
  return rpc::ToGrpc(ResourceNotFound("CircuitStatus", request->name(), "list those that exist"));
}

Status FakeReleases::SummarizeFleet(ServerContext* context,
                                    const inference::v1::SummarizeFleetRequest* request,
                                    inference::v1::FleetSummary* response) {
  const InTurn in_turn;
  summarized = *request;
  deadlines.push_back(context->deadline());
  absl::SleepFor(thought);
  *response = summary;
  return refusal.ok() ? Status::OK : rpc::ToGrpc(refusal);
}

Status FakeEndpoints::DeployModelVersion(ServerContext*,
                                         const inference::v1::DeployModelVersionRequest* request,
                                         inference::v1::Deployment* response) {
  const InTurn in_turn;
  if (request->model_version() == broken_version) {
    return rpc::ToGrpc(Refused(absl::StatusCode::kFailedPrecondition, "MODEL_VERSION_UNTAGGED",
                               request->model_version() + " names no circuit"));
  }
  deployed.push_back(request->model_version());
  response->set_model(request->model_version());
  response->set_plant_id("P001");
  response->set_circuit_id("C00" + std::to_string(deployed.size()));
  return Status::OK;
}

Status FakeEndpoints::BatchDeployModelVersions(
    ServerContext*, const inference::v1::BatchDeployModelVersionsRequest* request,
    inference::v1::BatchDeployModelVersionsResponse* response) {
  const InTurn in_turn;
  ++batches;
  batch_ids.push_back(request->request_id());
  for (const auto& item : request->items()) {
    auto& outcome = *response->add_outcomes();
    outcome.set_model_version(item.model_version());
    if (item.model_version() == broken_version) {
      outcome.mutable_failure()->set_message(item.model_version() + " names no circuit");
      continue;
    }
    deployed.push_back(item.model_version());
    outcome.set_deployment(
        "batchEndpoints/batch-endpoint-plant-P001/deployments/deployment-circuit-C" +
        std::to_string(deployed.size()));
    auto& deployment = *deployments.add_deployments();
    deployment.set_name(outcome.deployment());
    deployment.set_model(item.model_version());
  }
  return Status::OK;
}

Status FakeEndpoints::ListDeployments(ServerContext*, const inference::v1::ListDeploymentsRequest*,
                                      inference::v1::ListDeploymentsResponse* response) {
  const InTurn in_turn;
  *response = deployments;
  return Status::OK;
}

Status FakeInvocations::InvokeFleet(ServerContext*,
                                    const inference::v1::InvokeFleetRequest* request,
                                    inference::v1::Sweep* response) {
  const InTurn in_turn;
  invoked = *request;
  *response = sweep;
  return Status::OK;
}

Status FakeInvocations::ListSweeps(ServerContext*, const inference::v1::ListSweepsRequest*,
                                   inference::v1::ListSweepsResponse*) {
  const InTurn in_turn;
  return Status::OK;
}

Status FakeInvocations::WatchSweep(ServerContext*, const inference::v1::WatchSweepRequest*,
                                   grpc::ServerWriter<inference::v1::WatchSweepResponse>* writer) {
  const InTurn in_turn;
  writer->Write(watched);
  return Status::OK;
}

Status FakeForecasts::ListForecasts(ServerContext*, const inference::v1::ListForecastsRequest*,
                                    inference::v1::ListForecastsResponse* response) {
  const InTurn in_turn;
  *response = forecasts;
  return Status::OK;
}

Status FakeWork::PauseTasks(ServerContext*, const workqueue::v1::PauseTasksRequest*,
                            workqueue::v1::PauseTasksResponse* response) {
  response->set_count(1);
  return Status::OK;
}

Status FakeWork::ResumeTasks(ServerContext*, const workqueue::v1::ResumeTasksRequest*,
                             workqueue::v1::ResumeTasksResponse* response) {
  response->set_count(1);
  return Status::OK;
}

Status FakeWork::MoveTasks(ServerContext*, const workqueue::v1::MoveTasksRequest*,
                           workqueue::v1::MoveTasksResponse* response) {
  response->set_count(2);
  return Status::OK;
}

Status FakeWork::ListPools(ServerContext*, const workqueue::v1::ListPoolsRequest*,
                           workqueue::v1::ListPoolsResponse* response) {
  response->add_pools()->set_name("pools/night");
  workqueue::v1::Pool& day = *response->add_pools();
  day.set_name("pools/day");
  day.set_replica_count(1);
  return Status::OK;
}

trainer::v1::WatchTrainingRunResponse JobEvent(const std::string& circuit_id,
                                               trainer::v1::TrainingJob::State state, int epoch) {
  trainer::v1::WatchTrainingRunResponse event;
  auto& job = *event.mutable_training_job();
  job.set_name("trainingRuns/run0/jobs/P001." + circuit_id);
  job.set_circuit("plants/P001/circuits/" + circuit_id);
  job.set_plant_id("P001");
  job.set_circuit_id(circuit_id);
  job.set_state(state);
  job.set_attempt_count(1);
  if (epoch > 0) {
    job.mutable_progress()->set_phase(trainer::v1::TrainingProgress::PHASE_TRAINING);
    job.mutable_progress()->set_epoch(epoch);
    job.mutable_progress()->set_epochs(10);
    job.mutable_progress()->set_validation_loss(0.5);
  }
  if (state == trainer::v1::TrainingJob::STATE_FAILED) {
    job.mutable_failure()->set_kind(workqueue::v1::Failure::KIND_DATA);
    job.mutable_failure()->set_reason("DATA_TOO_FEW_ROWS");
    job.mutable_failure()->set_message("12 rows, 100 needed");
  }
  return event;
}

trainer::v1::WatchTrainingRunResponse RunEvent(trainer::v1::TrainingRun::State state) {
  trainer::v1::WatchTrainingRunResponse event;
  event.mutable_training_run()->set_name("trainingRuns/run0");
  event.mutable_training_run()->set_state(state);
  return event;
}

}  // namespace fleetcast::testing
