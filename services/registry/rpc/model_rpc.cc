#include "services/registry/rpc/model_rpc.h"

#include <string>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/registry/rpc/answer.h"
#include "services/registry/rpc/model_messages.h"

namespace fleetcast::registry {

grpc::Status ModelRpc::CreateModelVersion(grpc::ServerContext* /*context*/,
                                          const v1::CreateModelVersionRequest* request,
                                          v1::ModelVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ModelVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("CreateModelVersion", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto wanted, VersionFromProto(*request));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, versions_.Create(identity, wanted));
    return ToProto(version);
  });
}

grpc::Status ModelRpc::GetModelVersion(grpc::ServerContext* /*context*/,
                                       const v1::GetModelVersionRequest* request,
                                       v1::ModelVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ModelVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseModelVersionName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, versions_.Get(name));
    return ToProto(version);
  });
}

grpc::Status ModelRpc::ListModelVersions(grpc::ServerContext* /*context*/,
                                         const v1::ListModelVersionsRequest* request,
                                         v1::ListModelVersionsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListModelVersionsResponse> {
    const std::string binding = rpc::PageBinding("ListModelVersions", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto model, ParseModelName("parent", request->parent()));
    ListQuery query;
    FLEETCAST_ASSIGN_OR_RETURN(query.page,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseModelVersionFilter(request->filter()));
    FLEETCAST_ASSIGN_OR_RETURN(auto order, ParseVersionOrder(request->order_by()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, versions_.List(model, query, order));
    v1::ListModelVersionsResponse response;
    for (const ModelVersion& version : page.items) {
      *response.add_model_versions() = ToProto(version);
    }
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

grpc::Status ModelRpc::UpdateModelVersionTags(grpc::ServerContext* /*context*/,
                                              const v1::UpdateModelVersionTagsRequest* request,
                                              v1::ModelVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ModelVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity,
                               rpc::IdentifyRequest("UpdateModelVersionTags", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseModelVersionName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto change, TagChangeFromProto(name.model_id, *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, versions_.UpdateTags(identity, name, change));
    return ToProto(version);
  });
}

grpc::Status ModelRpc::GetChampion(grpc::ServerContext* /*context*/,
                                   const v1::GetChampionRequest* request, v1::Champion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Champion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto circuit, ParseChampionName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto champion, champions_.Get(circuit));
    return ToProto(champion);
  });
}

grpc::Status ModelRpc::ListChampions(grpc::ServerContext* /*context*/,
                                     const v1::ListChampionsRequest* request,
                                     v1::ListChampionsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListChampionsResponse> {
    const std::string binding = rpc::PageBinding("ListChampions", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto model, ParseModelName("parent", request->parent()));
    ListQuery query;
    FLEETCAST_ASSIGN_OR_RETURN(query.page,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseChampionFilter(request->filter()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, champions_.List(model, query));
    v1::ListChampionsResponse response;
    for (const Champion& champion : page.items) *response.add_champions() = ToProto(champion);
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

grpc::Status ModelRpc::SetChampion(grpc::ServerContext* /*context*/,
                                   const v1::SetChampionRequest* request, v1::Champion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Champion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("SetChampion", *request));
    FLEETCAST_RETURN_IF_ERROR(ValidateId("plant_id", request->plant_id()));
    FLEETCAST_RETURN_IF_ERROR(ValidateId("circuit_id", request->circuit_id()));
    FLEETCAST_ASSIGN_OR_RETURN(auto version,
                               ParseModelVersionName("model_version", request->model_version()));
    const ChampionCause cause{request->actor(), request->reason(),
                              MapFromProto<std::string>(request->evidence())};
    FLEETCAST_RETURN_IF_ERROR(CheckChampionCause(cause, request->expected_current_version()));
    FLEETCAST_ASSIGN_OR_RETURN(
        auto champion,
        champions_.Promote(identity, {version.model_id, request->plant_id(), request->circuit_id()},
                           version.version, request->expected_current_version(), cause));
    return ToProto(champion);
  });
}

grpc::Status ModelRpc::RollbackChampion(grpc::ServerContext* /*context*/,
                                        const v1::RollbackChampionRequest* request,
                                        v1::Champion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Champion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("RollbackChampion", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto circuit, ParseChampionName("name", request->name()));
    const ChampionCause cause{request->actor(), request->reason(), {}};
    FLEETCAST_RETURN_IF_ERROR(CheckChampionCause(cause, request->expected_current_version()));
    FLEETCAST_ASSIGN_OR_RETURN(
        auto champion,
        champions_.RollBack(identity, circuit, request->expected_current_version(), cause));
    return ToProto(champion);
  });
}

grpc::Status ModelRpc::DeleteChampion(grpc::ServerContext* /*context*/,
                                      const v1::DeleteChampionRequest* request,
                                      v1::ChampionEvent* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ChampionEvent> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("DeleteChampion", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto circuit, ParseChampionName("name", request->name()));
    const ChampionCause cause{request->actor(), request->reason(), {}};
    FLEETCAST_RETURN_IF_ERROR(CheckChampionCause(cause, request->expected_current_version()));
    FLEETCAST_ASSIGN_OR_RETURN(
        auto removed,
        champions_.Remove(identity, circuit, request->expected_current_version(), cause));
    return ToProto(removed.event);
  });
}

grpc::Status ModelRpc::ListChampionEvents(grpc::ServerContext* /*context*/,
                                          const v1::ListChampionEventsRequest* request,
                                          v1::ListChampionEventsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListChampionEventsResponse> {
    const std::string binding = rpc::PageBinding("ListChampionEvents", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto circuit, ParseCircuitParent("parent", request->parent()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page_request,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, champions_.ListEvents(circuit, page_request));
    v1::ListChampionEventsResponse response;
    for (const ChampionEvent& event : page.items) *response.add_champion_events() = ToProto(event);
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

}  // namespace fleetcast::registry
