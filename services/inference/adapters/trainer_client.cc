#include "services/inference/adapters/trainer_client.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/workqueue/rpc/failure_message.h"

namespace fleetcast::inference {
namespace {

using workqueue::TaskState;

constexpr absl::Duration kTimeout = absl::Seconds(10);
// To resolve ten thousand configurations and store as many jobs.
constexpr absl::Duration kStartTimeout = absl::Seconds(60);

TaskState StateOfJob(trainer::v1::TrainingJob::State state) {
  switch (state) {
    case trainer::v1::TrainingJob::STATE_RUNNING:
      return TaskState::kRunning;
    case trainer::v1::TrainingJob::STATE_SUCCEEDED:
      return TaskState::kSucceeded;
    case trainer::v1::TrainingJob::STATE_FAILED:
      return TaskState::kFailed;
    case trainer::v1::TrainingJob::STATE_CANCELLED:
      return TaskState::kCancelled;
    default:
      return TaskState::kQueued;
  }
}

}  // namespace

TrainerClient::TrainerClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(trainer::v1::TrainingService::NewStub(channel)) {}

absl::StatusOr<std::string> TrainerClient::Start(const std::string& request_id,
                                                 const std::vector<CircuitId>& circuits,
                                                 const std::string& commit) {
  trainer::v1::CreateTrainingRunRequest request;
  request.set_request_id(request_id);
  auto& selection = *request.mutable_training_run_spec()->mutable_circuit_selection();
  for (const CircuitId& circuit : circuits) selection.add_circuits(CircuitResource(circuit));
  selection.set_revision(commit);
  selection.set_reuse_versions(true);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto run,
      rpc::Call<trainer::v1::TrainingRun>(kStartTimeout, [&](auto* context, auto* response) {
        return stub_->CreateTrainingRun(context, request, response);
      }));
  return run.name();
}

absl::StatusOr<std::optional<TrainingState>> TrainerClient::StateOf(const std::string& training_run,
                                                                    const CircuitId& circuit) {
  trainer::v1::GetTrainingJobRequest request;
  request.set_name(absl::StrCat(training_run, "/jobs/", CircuitKey(circuit)));
  const auto job =
      rpc::Call<trainer::v1::TrainingJob>(kTimeout, [&](auto* context, auto* response) {
        return stub_->GetTrainingJob(context, request, response);
      });
  if (absl::IsNotFound(job.status())) return std::optional<TrainingState>();
  FLEETCAST_RETURN_IF_ERROR(job.status());
  const std::string& away = job->progress().waits_for();
  TrainingState state{.state = StateOfJob(job->state()),
                      .reason = job->state() != trainer::v1::TrainingJob::STATE_RUNNING
                                    ? job->state_reason()
                                : away.empty() ? "it is being trained"
                                               : absl::StrCat("its training waits: ", away),
                      .failure = {},
                      .blocked = job->blocked()};
  if (job->has_failure()) {
    state.failure = workqueue::FailureOf(job->failure());
    state.failure->retryable = false;
  }
  return std::optional<TrainingState>(std::move(state));
}

}  // namespace fleetcast::inference
