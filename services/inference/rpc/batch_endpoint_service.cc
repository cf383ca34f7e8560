#include "services/inference/rpc/batch_endpoint_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "services/inference/rpc/answer.h"

namespace fleetcast::inference {
namespace {

constexpr int kMaxItems = 1000;

absl::StatusOr<std::vector<DeployCommand>> CommandsOf(
    const v1::BatchDeployModelVersionsRequest& request) {
  if (request.items().empty() || request.items_size() > kMaxItems) {
    return InvalidField("items",
                        absl::StrCat("has ", request.items_size(),
                                     " entries; give 1 to 1000, and more in more requests"));
  }
  std::vector<DeployCommand> commands;
  for (int i = 0; i < request.items_size(); ++i) {
    const v1::DeployItem& item = request.items(i);
    FLEETCAST_ASSIGN_OR_RETURN(
        const std::int64_t version,
        ParseModelVersion(absl::StrCat("items[", i, "].model_version"), item.model_version()));
    commands.push_back(
        {.model_version = version, .revision = item.revision(), .etag = item.etag()});
  }
  return commands;
}

}  // namespace

grpc::Status BatchEndpointService::GetBatchEndpoint(grpc::ServerContext*,
                                                    const v1::GetBatchEndpointRequest* request,
                                                    v1::BatchEndpoint* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::BatchEndpoint> {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string plant, ParseEndpoint("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const BatchEndpoint endpoint, store_.GetEndpoint(plant));
    return MessageOf(endpoint);
  });
}

grpc::Status BatchEndpointService::ListBatchEndpoints(grpc::ServerContext*,
                                                      const v1::ListBatchEndpointsRequest* request,
                                                      v1::ListBatchEndpointsResponse* reply) {
  return AnswerPage(
      "ListBatchEndpoints", *request, reply,
      [&](const PageRequest& page) { return store_.ListEndpoints(page); },
      [](auto& answer) { return answer.mutable_batch_endpoints(); });
}

grpc::Status BatchEndpointService::DeployModelVersion(grpc::ServerContext*,
                                                      const v1::DeployModelVersionRequest* request,
                                                      v1::Deployment* reply) {
  return AnswerMutation(
      "DeployModelVersion", *request, reply,
      [&](const MutatingRequest& identity) -> absl::StatusOr<Deployment> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t version,
                                   ParseModelVersion("model_version", request->model_version()));
        return deployer_.Deploy(
            identity,
            {.model_version = version, .revision = request->revision(), .etag = request->etag()});
      });
}

grpc::Status BatchEndpointService::BatchDeployModelVersions(
    grpc::ServerContext*, const v1::BatchDeployModelVersionsRequest* request,
    v1::BatchDeployModelVersionsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::BatchDeployModelVersionsResponse> {
    FLEETCAST_ASSIGN_OR_RETURN(const MutatingRequest identity,
                               rpc::IdentifyRequest("BatchDeployModelVersions", *request));
    FLEETCAST_ASSIGN_OR_RETURN(const auto commands, CommandsOf(*request));
    FLEETCAST_ASSIGN_OR_RETURN(const auto outcomes, deployer_.DeployAll(identity, commands));
    v1::BatchDeployModelVersionsResponse answer;
    for (const DeployOutcome& outcome : outcomes) *answer.add_outcomes() = MessageOf(outcome);
    return answer;
  });
}

grpc::Status BatchEndpointService::GetDeployment(grpc::ServerContext*,
                                                 const v1::GetDeploymentRequest* request,
                                                 v1::Deployment* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Deployment> {
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, ParseDeployment("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(const Deployment deployment, store_.Get(circuit));
    return MessageOf(deployment);
  });
}

grpc::Status BatchEndpointService::ListDeployments(grpc::ServerContext*,
                                                   const v1::ListDeploymentsRequest* request,
                                                   v1::ListDeploymentsResponse* reply) {
  return AnswerPage(
      "ListDeployments", *request, reply,
      [&](const PageRequest& page) -> absl::StatusOr<PageOf<Deployment>> {
        FLEETCAST_ASSIGN_OR_RETURN(const std::string plant,
                                   ParseEndpointOrAll("parent", request->parent()));
        FLEETCAST_ASSIGN_OR_RETURN(const auto filter,
                                   ParseFilter(request->filter(), DeploymentFilterFields()));
        return store_.List(plant, filter, page);
      },
      [](auto& answer) { return answer.mutable_deployments(); });
}

grpc::Status BatchEndpointService::DeleteDeployment(grpc::ServerContext*,
                                                    const v1::DeleteDeploymentRequest* request,
                                                    google::protobuf::Empty* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<google::protobuf::Empty> {
    FLEETCAST_ASSIGN_OR_RETURN(const MutatingRequest identity,
                               rpc::IdentifyRequest("DeleteDeployment", *request));
    FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, ParseDeployment("name", request->name()));
    FLEETCAST_RETURN_IF_ERROR(store_.Delete(identity, circuit, request->etag()));
    return google::protobuf::Empty();
  });
}

}  // namespace fleetcast::inference
