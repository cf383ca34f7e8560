#include "services/registry/rpc/lineage_rpc.h"

#include "common/base/status.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

v1::LineageEdge::Relation RelationToProto(LineageRelation relation) {
  switch (relation) {
    case LineageRelation::kConfiguredBy:
      return v1::LineageEdge::RELATION_CONFIGURED_BY;
    case LineageRelation::kProducedBy:
      return v1::LineageEdge::RELATION_PRODUCED_BY;
    case LineageRelation::kTrainedOn:
      return v1::LineageEdge::RELATION_TRAINED_ON;
    case LineageRelation::kTrainedIn:
      return v1::LineageEdge::RELATION_TRAINED_IN;
    case LineageRelation::kStoredAs:
      return v1::LineageEdge::RELATION_STORED_AS;
    case LineageRelation::kLogged:
      return v1::LineageEdge::RELATION_LOGGED;
    case LineageRelation::kChampionOf:
      return v1::LineageEdge::RELATION_CHAMPION_OF;
    case LineageRelation::kStartedFrom:
      return v1::LineageEdge::RELATION_STARTED_FROM;
  }
  return v1::LineageEdge::RELATION_UNSPECIFIED;
}

v1::Lineage ToProto(const Lineage& lineage) {
  v1::Lineage proto;
  proto.set_name(lineage.name);
  proto.set_truncated(lineage.truncated);
  for (const LineageEdge& edge : lineage.edges) {
    v1::LineageEdge* added = proto.add_edges();
    added->set_subject(edge.subject);
    added->set_relation(RelationToProto(edge.relation));
    added->set_object(edge.object);
    MapToProto(edge.details, added->mutable_details());
  }
  return proto;
}

}  // namespace

grpc::Status LineageRpc::GetLineage(grpc::ServerContext* /*context*/,
                                    const v1::GetLineageRequest* request, v1::Lineage* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::Lineage> {
    FLEETCAST_ASSIGN_OR_RETURN(const auto lineage, reader_.Read(request->name()));
    return ToProto(lineage);
  });
}

}  // namespace fleetcast::registry
