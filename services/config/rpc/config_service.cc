#include "services/config/rpc/config_service.h"

#include <algorithm>

#include "common/base/resource_name.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "services/config/rpc/messages.h"

namespace fleetcast::config {
namespace {

// Keeps a report of a wholly broken fleet within the 4 MiB of a message.
constexpr std::size_t kMostDiagnostics = 5000;

const ResourceNamePattern& CircuitName() {
  static const ResourceNamePattern pattern("plants/{plant}/circuits/{circuit}");
  return pattern;
}

const ResourceNamePattern& PlantName() {
  static const ResourceNamePattern pattern("plants/{plant}");
  return pattern;
}

template <typename Request>
absl::StatusOr<ListQuery> ParseQuery(const Request& request, const std::string& binding) {
  ListQuery query{.revision = request.revision()};
  FLEETCAST_ASSIGN_OR_RETURN(query.page,
                             ParsePage(request.page_size(), request.page_token(), binding));
  FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter()));
  return query;
}

template <typename Response>
void AddDiagnostics(const Diagnostics& diagnostics, Response* response) {
  const std::size_t count = std::min(diagnostics.size(), kMostDiagnostics);
  for (std::size_t i = 0; i < count; ++i) ToMessage(diagnostics[i], response->add_diagnostics());
  response->set_diagnostic_count(static_cast<int>(diagnostics.size()));
}

absl::Status List(FleetReader& reader, const v1::ListPlantsRequest& request,
                  v1::ListPlantsResponse* response) {
  const std::string binding = rpc::PageBinding("ListPlants", request);
  FLEETCAST_ASSIGN_OR_RETURN(const ListQuery query, ParseQuery(request, binding));
  FLEETCAST_ASSIGN_OR_RETURN(const PlantList list, reader.ListPlants(query));
  for (const PlantOutline& plant : list.page.items) ToMessage(plant, response->add_plants());
  response->set_next_page_token(MakePageToken(list.page.next_after, binding));
  response->set_commit(list.commit);
  return absl::OkStatus();
}

absl::Status List(FleetReader& reader, const v1::ListCircuitsRequest& request,
                  v1::ListCircuitsResponse* response) {
  const std::string binding = rpc::PageBinding("ListCircuits", request);
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids,
                             PlantName().ParseWithWildcards("parent", request.parent()));
  FLEETCAST_ASSIGN_OR_RETURN(const ListQuery query, ParseQuery(request, binding));
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitList list, reader.ListCircuits(ids[0], query));
  for (const ResolvedCircuit& circuit : list.page.items)
    ToMessage(circuit, list.commit, response->add_circuits());
  response->set_next_page_token(MakePageToken(list.page.next_after, binding));
  response->set_commit(list.commit);
  response->set_unsound_circuit_count(list.unsound_circuit_count);
  return absl::OkStatus();
}

absl::Status Get(FleetReader& reader, const v1::GetCircuitRequest& request, v1::Circuit* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, CircuitName().Parse("name", request.name()));
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitAnswer answer,
                             reader.GetCircuit({ids[0], ids[1]}, request.revision()));
  ToMessage(answer.circuit, answer.commit, response);
  return absl::OkStatus();
}

absl::Status Validate(FleetReader& reader, const v1::ValidateRevisionRequest& request,
                      v1::ValidateRevisionResponse* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const ValidationReport report,
                             reader.ValidateRevision(request.revision()));
  response->set_commit(report.commit);
  response->set_valid(!HasError(report.diagnostics));
  AddDiagnostics(report.diagnostics, response);
  response->set_circuit_count(report.circuit_count);
  response->set_unsound_circuit_count(report.unsound_circuit_count);
  return absl::OkStatus();
}

absl::Status Compare(FleetReader& reader, const v1::DetectChangesRequest& request,
                     v1::DetectChangesResponse* response) {
  FLEETCAST_ASSIGN_OR_RETURN(
      const ChangeReport report,
      reader.DetectChanges(request.base_revision(), request.head_revision()));
  response->set_merge_base_commit(report.merge_base_commit);
  response->set_head_commit(report.head_commit);
  for (const CircuitChange& change : report.changes) ToMessage(change, response->add_changes());
  response->set_matrix_json(MatrixJson(report.changes));
  AddDiagnostics(report.diagnostics, response);
  return absl::OkStatus();
}

}  // namespace

grpc::Status ConfigService::ListPlants(grpc::ServerContext* /*context*/,
                                       const v1::ListPlantsRequest* request,
                                       v1::ListPlantsResponse* response) {
  return rpc::ToGrpc(List(reader_, *request, response));
}

grpc::Status ConfigService::ListCircuits(grpc::ServerContext* /*context*/,
                                         const v1::ListCircuitsRequest* request,
                                         v1::ListCircuitsResponse* response) {
  return rpc::ToGrpc(List(reader_, *request, response));
}

grpc::Status ConfigService::GetCircuit(grpc::ServerContext* /*context*/,
                                       const v1::GetCircuitRequest* request,
                                       v1::Circuit* response) {
  return rpc::ToGrpc(Get(reader_, *request, response));
}

grpc::Status ConfigService::ValidateRevision(grpc::ServerContext* /*context*/,
                                             const v1::ValidateRevisionRequest* request,
                                             v1::ValidateRevisionResponse* response) {
  return rpc::ToGrpc(Validate(reader_, *request, response));
}

grpc::Status ConfigService::DetectChanges(grpc::ServerContext* /*context*/,
                                          const v1::DetectChangesRequest* request,
                                          v1::DetectChangesResponse* response) {
  return rpc::ToGrpc(Compare(reader_, *request, response));
}

}  // namespace fleetcast::config
