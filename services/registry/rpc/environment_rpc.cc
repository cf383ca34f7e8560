#include "services/registry/rpc/environment_rpc.h"

#include <string>

#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

v1::EnvironmentVersion ToProto(const EnvironmentVersion& version) {
  v1::EnvironmentVersion proto;
  proto.set_name(version.name.Text());
  proto.set_description(version.description);
  MapToProto(version.properties, proto.mutable_properties());
  *proto.mutable_create_time() = TimeToProto(version.create_time);
  return proto;
}

}  // namespace

grpc::Status EnvironmentRpc::CreateEnvironmentVersion(
    grpc::ServerContext* /*context*/, const v1::CreateEnvironmentVersionRequest* request,
    v1::EnvironmentVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::EnvironmentVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto identity,
                               rpc::IdentifyRequest("CreateEnvironmentVersion", *request));
    FLEETCAST_ASSIGN_OR_RETURN(auto environment,
                               ParseEnvironmentParent("parent", request->parent()));
    const v1::EnvironmentVersion& proto = request->environment_version();
    const EnvironmentVersion wanted{.name = {environment, request->environment_version_id()},
                                    .description = proto.description(),
                                    .properties = MapFromProto<std::string>(proto.properties())};
    FLEETCAST_RETURN_IF_ERROR(CheckEnvironmentVersion(wanted));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, store_.Create(identity, wanted));
    return ToProto(version);
  });
}

grpc::Status EnvironmentRpc::GetEnvironmentVersion(grpc::ServerContext* /*context*/,
                                                   const v1::GetEnvironmentVersionRequest* request,
                                                   v1::EnvironmentVersion* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::EnvironmentVersion> {
    FLEETCAST_ASSIGN_OR_RETURN(auto name, ParseEnvironmentVersionName("name", request->name()));
    FLEETCAST_ASSIGN_OR_RETURN(auto version, store_.Get(name));
    return ToProto(version);
  });
}

grpc::Status EnvironmentRpc::ListEnvironmentVersions(
    grpc::ServerContext* /*context*/, const v1::ListEnvironmentVersionsRequest* request,
    v1::ListEnvironmentVersionsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListEnvironmentVersionsResponse> {
    const std::string binding = rpc::PageBinding("ListEnvironmentVersions", *request);
    FLEETCAST_ASSIGN_OR_RETURN(auto environment,
                               ParseEnvironmentParent("parent", request->parent()));
    FLEETCAST_ASSIGN_OR_RETURN(auto page_request,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, store_.List(environment, page_request));
    v1::ListEnvironmentVersionsResponse response;
    for (const EnvironmentVersion& version : page.items) {
      *response.add_environment_versions() = ToProto(version);
    }
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

}  // namespace fleetcast::registry
