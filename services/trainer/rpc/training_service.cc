#include "services/trainer/rpc/training_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/filter_fields.h"
#include "common/base/status.h"
#include "common/rpc/page.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/rpc/run_watch.h"
#include "services/trainer/rpc/training_messages.h"

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kWatchInterval = absl::Milliseconds(200);

// Fills in the response, or maps the error.
template <typename Domain, typename Message>
grpc::Status Answer(const absl::StatusOr<Domain>& result, Message* response) {
  if (!result.ok()) return rpc::ToGrpc(result.status());
  *response = MessageOf(*result);
  return grpc::Status::OK;
}

struct ListArguments {
  std::optional<Filter> filter;
  PageRequest page;
  std::string binding;
};

template <typename Request>
absl::StatusOr<ListArguments> ParseList(const std::string& method, const Request& request,
                                        const FilterFields& fields) {
  ListArguments arguments;
  arguments.binding = rpc::PageBinding(method, request);
  FLEETCAST_ASSIGN_OR_RETURN(arguments.filter, ParseFilter(request.filter(), fields));
  FLEETCAST_ASSIGN_OR_RETURN(
      arguments.page, ParsePage(request.page_size(), request.page_token(), arguments.binding));
  return arguments;
}

absl::StatusOr<v1::ListTrainingRunsResponse> ListRuns(RunStore& store,
                                                      const v1::ListTrainingRunsRequest& request) {
  FLEETCAST_ASSIGN_OR_RETURN(const ListArguments arguments,
                             ParseList("ListTrainingRuns", request, RunFilterFields()));
  FLEETCAST_ASSIGN_OR_RETURN(const auto page, store.ListRuns(arguments.filter, arguments.page));
  v1::ListTrainingRunsResponse response;
  response.set_next_page_token(rpc::FillPage(
      page, arguments.binding, response.mutable_training_runs(),
      [](const TrainingRun& run) { return MessageOf(run); },
      [](const TrainingRun& run) { return std::vector<std::string>{run.group.id}; }));
  return response;
}

absl::StatusOr<v1::ListTrainingJobsResponse> ListJobs(RunStore& store,
                                                      const v1::ListTrainingJobsRequest& request) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::string run_id, ParseRunOrAll("parent", request.parent()));
  FLEETCAST_ASSIGN_OR_RETURN(const ListArguments arguments,
                             ParseList("ListTrainingJobs", request, JobFilterFields()));
  FLEETCAST_ASSIGN_OR_RETURN(const auto page,
                             store.ListJobs(run_id, arguments.filter, arguments.page));
  v1::ListTrainingJobsResponse response;
  response.set_next_page_token(rpc::FillPage(
      page, arguments.binding, response.mutable_training_jobs(),
      [](const TrainingJob& job) { return MessageOf(job); },
      [](const TrainingJob& job) {
        return std::vector<std::string>{job.task.group_id, job.task.name};
      }));
  return response;
}

absl::Status CheckPullRequest(const v1::TrainingRunSpec& spec) {
  if (!spec.has_pull_request() || spec.pull_request().number() > 0) return absl::OkStatus();
  return InvalidField("training_run_spec.pull_request.number",
                      "must be above 0; leave pull_request out for a manual run");
}

absl::Status Draining(const std::string& name) {
  ErrorDetails details;
  details.reason = "SERVER_DRAINING";
  details.metadata = {{"training_run", name}};
  details.retry_after = absl::Seconds(1);
  return MakeError(absl::StatusCode::kUnavailable,
                   absl::StrCat("this server shuts down; watch ", name, " again"),
                   std::move(details));
}

}  // namespace

TrainingService::TrainingService(RunCreation& creation, RunStore& store, Clock& clock,
                                 const Notification& draining)
    : creation_(creation), store_(store), clock_(clock), draining_(draining) {}

grpc::Status TrainingService::CreateTrainingRun(grpc::ServerContext*,
                                                const v1::CreateTrainingRunRequest* request,
                                                v1::TrainingRun* response) {
  const auto identity = rpc::IdentifyRequest("CreateTrainingRun", *request);
  if (!identity.ok()) return rpc::ToGrpc(identity.status());
  if (const absl::Status checked = CheckPullRequest(request->training_run_spec()); !checked.ok())
    return rpc::ToGrpc(checked);
  return Answer(creation_.Create(*identity, SpecOf(request->training_run_spec())), response);
}

grpc::Status TrainingService::GetTrainingRun(grpc::ServerContext*,
                                             const v1::GetTrainingRunRequest* request,
                                             v1::TrainingRun* response) {
  const auto run_id = ParseRun("name", request->name());
  if (!run_id.ok()) return rpc::ToGrpc(run_id.status());
  return Answer(store_.GetRun(*run_id), response);
}

grpc::Status TrainingService::ListTrainingRuns(grpc::ServerContext*,
                                               const v1::ListTrainingRunsRequest* request,
                                               v1::ListTrainingRunsResponse* response) {
  auto listed = ListRuns(store_, *request);
  if (!listed.ok()) return rpc::ToGrpc(listed.status());
  *response = *std::move(listed);
  return grpc::Status::OK;
}

grpc::Status TrainingService::WatchTrainingRun(
    grpc::ServerContext* context, const v1::WatchTrainingRunRequest* request,
    grpc::ServerWriter<v1::WatchTrainingRunResponse>* writer) {
  const auto run_id = ParseRun("name", request->name());
  if (!run_id.ok()) return rpc::ToGrpc(run_id.status());
  RunWatch watch(store_, *run_id, [&](const auto& event) { return writer->Write(event); });
  do {
    const absl::StatusOr<bool> over = watch.Poll();
    if (!over.ok()) return rpc::ToGrpc(over.status());
    if (*over) return grpc::Status::OK;
    if (context->IsCancelled()) return grpc::Status::CANCELLED;
  } while (!clock_.SleepUnlessStopped(kWatchInterval, draining_));
  return rpc::ToGrpc(Draining(request->name()));
}

grpc::Status TrainingService::CancelTrainingRun(grpc::ServerContext*,
                                                const v1::CancelTrainingRunRequest* request,
                                                v1::TrainingRun* response) {
  const auto identity = rpc::IdentifyRequest("CancelTrainingRun", *request);
  if (!identity.ok()) return rpc::ToGrpc(identity.status());
  const auto run_id = ParseRun("name", request->name());
  if (!run_id.ok()) return rpc::ToGrpc(run_id.status());
  return Answer(store_.CancelRun(*identity, *run_id), response);
}

grpc::Status TrainingService::RetryTrainingRun(grpc::ServerContext*,
                                               const v1::RetryTrainingRunRequest* request,
                                               v1::TrainingRun* response) {
  const auto identity = rpc::IdentifyRequest("RetryTrainingRun", *request);
  if (!identity.ok()) return rpc::ToGrpc(identity.status());
  const auto run_id = ParseRun("name", request->name());
  if (!run_id.ok()) return rpc::ToGrpc(run_id.status());
  return Answer(store_.RetryRun(*identity, *run_id), response);
}

grpc::Status TrainingService::GetTrainingJob(grpc::ServerContext*,
                                             const v1::GetTrainingJobRequest* request,
                                             v1::TrainingJob* response) {
  const auto name = ParseJob("name", request->name());
  if (!name.ok()) return rpc::ToGrpc(name.status());
  return Answer(store_.GetJob(*name), response);
}

grpc::Status TrainingService::ListTrainingJobs(grpc::ServerContext*,
                                               const v1::ListTrainingJobsRequest* request,
                                               v1::ListTrainingJobsResponse* response) {
  auto listed = ListJobs(store_, *request);
  if (!listed.ok()) return rpc::ToGrpc(listed.status());
  *response = *std::move(listed);
  return grpc::Status::OK;
}

grpc::Status TrainingService::CancelTrainingJob(grpc::ServerContext*,
                                                const v1::CancelTrainingJobRequest* request,
                                                v1::TrainingJob* response) {
  const auto identity = rpc::IdentifyRequest("CancelTrainingJob", *request);
  if (!identity.ok()) return rpc::ToGrpc(identity.status());
  const auto name = ParseJob("name", request->name());
  if (!name.ok()) return rpc::ToGrpc(name.status());
  return Answer(store_.CancelJob(*identity, *name), response);
}

}  // namespace fleetcast::trainer
