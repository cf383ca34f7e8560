#include "services/registry/rpc/experiment_rpc.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

std::optional<RunState> StateFromProto(v1::Run::State state) {
  switch (state) {
    case v1::Run::STATE_RUNNING:
      return RunState::kRunning;
    case v1::Run::STATE_FINISHED:
      return RunState::kFinished;
    case v1::Run::STATE_FAILED:
      return RunState::kFailed;
    case v1::Run::STATE_KILLED:
      return RunState::kKilled;
    default:
      return std::nullopt;
  }
}

v1::Run::State StateToProto(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return v1::Run::STATE_RUNNING;
    case RunState::kFinished:
      return v1::Run::STATE_FINISHED;
    case RunState::kFailed:
      return v1::Run::STATE_FAILED;
    case RunState::kKilled:
      return v1::Run::STATE_KILLED;
  }
  return v1::Run::STATE_UNSPECIFIED;
}

v1::Experiment ToProto(const Experiment& experiment) {
  v1::Experiment proto;
  proto.set_name(ExperimentNameText(experiment.experiment_id));
  proto.set_display_name(experiment.display_name);
  *proto.mutable_create_time() = TimeToProto(experiment.create_time);
  return proto;
}

v1::Run ToProto(const Run& run) {
  v1::Run proto;
  proto.set_name(run.name.Text());
  proto.set_display_name(run.display_name);
  proto.set_state(StateToProto(run.state));
  proto.set_state_reason(run.state_reason);
  MapToProto(run.params, proto.mutable_params());
  MapToProto(run.tags, proto.mutable_tags());
  for (const auto& [key, point] : run.latest_metrics) {
    (*proto.mutable_latest_metrics())[key] = point.value;
  }
  *proto.mutable_create_time() = TimeToProto(run.create_time);
  if (run.end_time != absl::InfiniteFuture()) *proto.mutable_end_time() = TimeToProto(run.end_time);
  return proto;
}

v1::MetricPoint ToProto(const MetricPoint& point) {
  v1::MetricPoint proto;
  proto.set_key(point.key);
  proto.set_value(point.value);
  proto.set_step(point.step);
  *proto.mutable_time() = TimeToProto(point.time);
  return proto;
}

// What another method takes must not be lost in silence here. What the server alone makes, such as
// names and times, is ignored, as in every creation.
absl::Status CheckNothingIsLost(const v1::Run& run) {
  std::vector<FieldViolation> violations;
  const auto refuse = [&](bool given, const char* field, const char* method) {
    if (given)
      violations.push_back({field, absl::StrCat("is not taken by CreateRun; give it to ", method,
                                                " once the run exists")});
  };
  refuse(!run.params().empty(), "run.params", "LogBatch");
  refuse(!run.latest_metrics().empty(), "run.latest_metrics", "LogBatch (metrics)");
  refuse(run.state() != v1::Run::STATE_UNSPECIFIED && run.state() != v1::Run::STATE_RUNNING,
         "run.state", "FinishRun");
  refuse(!run.state_reason().empty(), "run.state_reason", "FinishRun");
  return violations.empty() ? absl::OkStatus() : InvalidFields(std::move(violations));
}

absl::StatusOr<RunBatch> BatchFromProto(const v1::LogBatchRequest& request) {
  RunBatch batch;
  batch.params = MapFromProto<std::string>(request.params());
  batch.tags = MapFromProto<std::string>(request.tags());
  for (int i = 0; i < request.metrics_size(); ++i) {
    const v1::MetricPoint& proto = request.metrics(i);
    MetricPoint point{.key = proto.key(), .value = proto.value(), .step = proto.step()};
    if (proto.has_time()) {
      FLEETCAST_ASSIGN_OR_RETURN(
          point.time, TimeFromProto(absl::StrCat("metrics[", i, "].time"), proto.time()));
    }
    batch.metrics.push_back(std::move(point));
  }
  FLEETCAST_RETURN_IF_ERROR(CheckBatch(batch));
  return batch;
}

}  // namespace

grpc::Status ExperimentRpc::CreateExperiment(grpc::ServerContext* /*context*/,
                                             const v1::CreateExperimentRequest* request,
                                             v1::Experiment* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Experiment> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("CreateExperiment", *request));
    FLEETCAST_ASSIGN_OR_RETURN(
        auto wanted, NewExperiment(request->experiment_id(), request->experiment().display_name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto experiment, store_.CreateExperiment(identity, wanted));
    return ToProto(experiment);
  });
}

grpc::Status ExperimentRpc::GetExperiment(grpc::ServerContext* /*context*/,
                                          const v1::GetExperimentRequest* request,
                                          v1::Experiment* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Experiment> {
    FLEETCAST_ASSIGN_OR_RETURN(auto id, ParseExperimentName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto experiment, store_.GetExperiment(id));
    return ToProto(experiment);
  });
}

grpc::Status ExperimentRpc::ListExperiments(grpc::ServerContext* /*context*/,
                                            const v1::ListExperimentsRequest* request,
                                            v1::ListExperimentsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListExperimentsResponse> {
    const std::string binding = rpc::PageBinding("ListExperiments", *request);
    ListQuery query;
    FLEETCAST_ASSIGN_OR_RETURN(query.page,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseExperimentFilter(request->filter()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, store_.ListExperiments(query));
    v1::ListExperimentsResponse response;
    for (const Experiment& experiment : page.items) {
      *response.add_experiments() = ToProto(experiment);
    }
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

grpc::Status ExperimentRpc::CreateRun(grpc::ServerContext* /*context*/,
                                      const v1::CreateRunRequest* request, v1::Run* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Run> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("CreateRun", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto experiment, ParseExperimentName("parent", request->parent()));
    FLEETCAST_RETURN_IF_ERROR(CheckNothingIsLost(request->run()));
    FLEETCAST_ASSIGN_OR_RETURN(auto wanted,
                               NewRun(experiment, request->run_id(), request->run().display_name(),
                                      MapFromProto<std::string>(request->run().tags())));
    FLEETCAST_ASSIGN_OR_RETURN(auto run, store_.CreateRun(identity, wanted));
    return ToProto(run);
  });
}

grpc::Status ExperimentRpc::GetRun(grpc::ServerContext* /*context*/,
                                   const v1::GetRunRequest* request, v1::Run* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Run> {
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseRunName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto run, store_.GetRun(name));
    return ToProto(run);
  });
}

grpc::Status ExperimentRpc::ListRuns(grpc::ServerContext* /*context*/,
                                     const v1::ListRunsRequest* request,
                                     v1::ListRunsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListRunsResponse> {
    const std::string binding = rpc::PageBinding("ListRuns", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto experiment, ParseExperimentParent("parent", request->parent()));
    ListQuery query;
    FLEETCAST_ASSIGN_OR_RETURN(query.page,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseRunFilter(request->filter()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, store_.ListRuns(experiment, query));
    v1::ListRunsResponse response;
    for (const Run& run : page.items) *response.add_runs() = ToProto(run);
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

grpc::Status ExperimentRpc::LogBatch(grpc::ServerContext* /*context*/,
                                     const v1::LogBatchRequest* request,
                                     v1::LogBatchResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::LogBatchResponse> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("LogBatch", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseRunName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto batch, BatchFromProto(*request));
    FLEETCAST_RETURN_IF_ERROR(store_.LogBatch(identity, name, batch));
    return v1::LogBatchResponse();
  });
}

grpc::Status ExperimentRpc::FinishRun(grpc::ServerContext* /*context*/,
                                      const v1::FinishRunRequest* request, v1::Run* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Run> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("FinishRun", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseRunName("name", request->name()));
    const auto state = StateFromProto(request->state());
    FLEETCAST_RETURN_IF_ERROR(CheckFinish(state, request->state_reason()));
    FLEETCAST_ASSIGN_OR_RETURN(auto run,
                               store_.FinishRun(identity, name, *state, request->state_reason()));
    return ToProto(run);
  });
}

grpc::Status ExperimentRpc::ListMetricHistory(grpc::ServerContext* /*context*/,
                                              const v1::ListMetricHistoryRequest* request,
                                              v1::ListMetricHistoryResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListMetricHistoryResponse> {
    const std::string binding = rpc::PageBinding("ListMetricHistory", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseRunName("parent", request->parent()));
    if (!request->metric_key().empty()) {
      FLEETCAST_RETURN_IF_ERROR(CheckKey("metric_key", request->metric_key()));
    }
    FLEETCAST_ASSIGN_OR_RETURN(auto page_request,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(auto page,
                               store_.ListMetricHistory(name, request->metric_key(), page_request));
    v1::ListMetricHistoryResponse response;
    for (const MetricPoint& point : page.items) *response.add_metrics() = ToProto(point);
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

}  // namespace fleetcast::registry
