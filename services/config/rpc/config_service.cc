#include "services/config/rpc/config_service.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/resource_name.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "services/config/domain/pipeline_matrix.h"
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
absl::StatusOr<MaxStaleness> ParseMaxStaleness(const Request& request) {
  if (!request.has_max_staleness()) return MaxStaleness{};
  const auto& given = request.max_staleness();
  const absl::Duration duration = absl::Seconds(given.seconds()) + absl::Nanoseconds(given.nanos());
  if (duration < absl::ZeroDuration())
    return InvalidField("max_staleness",
                        "is negative; use 0 to fetch in any case, or leave it out");
  return duration;
}

template <typename Response>
void AddFreshness(const std::optional<Freshness>& freshness, Response* response) {
  if (freshness) ToMessage(*freshness, response->mutable_freshness());
}

template <typename Request>
absl::StatusOr<ListQuery> ParseQuery(const Request& request, const std::string& binding) {
  ListQuery query{.revision = request.revision()};
  FLEETCAST_ASSIGN_OR_RETURN(query.page,
                             ParsePage(request.page_size(), request.page_token(), binding));
  FLEETCAST_ASSIGN_OR_RETURN(query.filter, ParseFilter(request.filter()));
  FLEETCAST_ASSIGN_OR_RETURN(query.max_staleness, ParseMaxStaleness(request));
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
  for (const auto& plant : list.page.items) ToMessage(*plant, response->add_plants());
  AddFreshness(list.freshness, response);
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
  for (const CircuitKey& key : list.unsound)
    response->add_unsound_circuits(CircuitName().Format({key.plant_id, key.circuit_id}));
  response->set_master_list_complete(list.complete);
  AddFreshness(list.freshness, response);
  return absl::OkStatus();
}

absl::Status Get(FleetReader& reader, const v1::GetCircuitRequest& request, v1::Circuit* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto ids, CircuitName().Parse("name", request.name()));
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  FLEETCAST_ASSIGN_OR_RETURN(
      const CircuitAnswer answer,
      reader.GetCircuit({ids[0], ids[1]}, request.revision(), max_staleness));
  ToMessage(answer.circuit, answer.commit, response);
  AddFreshness(answer.freshness, response);
  return absl::OkStatus();
}

absl::Status Validate(FleetReader& reader, const v1::ValidateRevisionRequest& request,
                      v1::ValidateRevisionResponse* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  FLEETCAST_ASSIGN_OR_RETURN(const ValidationReport report,
                             reader.ValidateRevision(request.revision(), max_staleness));
  response->set_commit(report.commit);
  response->set_valid(!HasError(report.diagnostics));
  AddDiagnostics(report.diagnostics, response);
  response->set_circuit_count(report.circuit_count);
  response->set_unsound_circuit_count(report.unsound_circuit_count);
  AddFreshness(report.freshness, response);
  return absl::OkStatus();
}

// What a DetectChanges request asks of the matrix besides `matrix_json`.
struct MatrixRequest {
  std::optional<MatrixFormat> format;
  std::size_t shard_size = kMostMatrixJobs;
};

absl::StatusOr<MatrixRequest> ParseMatrix(const v1::DetectChangesRequest& request) {
  MatrixRequest matrix;
  const int size = request.matrix_shard_size();
  if (size < 0 || size > static_cast<int>(kMostMatrixJobs))
    return InvalidField("matrix_shard_size",
                        absl::StrCat("is ", size, "; use 1 to ", kMostMatrixJobs,
                                     ", or 0 for the most that a matrix may have"));
  if (size > 0) matrix.shard_size = static_cast<std::size_t>(size);
  switch (request.matrix_format()) {
    case v1::DetectChangesRequest::MATRIX_FORMAT_UNSPECIFIED:
      if (size > 0)
        return InvalidField("matrix_shard_size", "has no effect without matrix_format; set both");
      return matrix;
    case v1::DetectChangesRequest::MATRIX_FORMAT_AZURE_PIPELINES:
      matrix.format = MatrixFormat::kAzurePipelines;
      return matrix;
    case v1::DetectChangesRequest::MATRIX_FORMAT_GITHUB_ACTIONS:
      matrix.format = MatrixFormat::kGithubActions;
      return matrix;
    default:
      return InvalidField("matrix_format",
                          absl::StrCat("is ", static_cast<int>(request.matrix_format()),
                                       ", which this service does not know; use "
                                       "MATRIX_FORMAT_AZURE_PIPELINES or "
                                       "MATRIX_FORMAT_GITHUB_ACTIONS"));
  }
}

absl::Status Compare(FleetReader& reader, const v1::DetectChangesRequest& request,
                     v1::DetectChangesResponse* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const MatrixRequest matrix, ParseMatrix(request));
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  FLEETCAST_ASSIGN_OR_RETURN(
      const ChangeReport report,
      reader.DetectChanges(request.base_revision(), request.head_revision(), max_staleness));
  const Comparison& comparison = *report.comparison;
  response->set_merge_base_commit(comparison.merge_base_commit);
  response->set_merge_base_count(report.merge_base_count);
  response->set_head_commit(comparison.head_commit);
  for (const CircuitChange& change : comparison.changes) ToMessage(change, response->add_changes());
  response->set_matrix_json(MatrixJson(comparison.changes));
  if (matrix.format)
    for (std::string& shard : MatrixShards(comparison.changes, *matrix.format, matrix.shard_size))
      response->add_matrix_shards_json(std::move(shard));
  AddDiagnostics(comparison.diagnostics, response);
  AddFreshness(report.freshness, response);
  return absl::OkStatus();
}

absl::Status Get(FleetReader& reader, const v1::GetMergeBaseRequest& request,
                 v1::MergeBase* response) {
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  FLEETCAST_ASSIGN_OR_RETURN(
      const Kinship kinship,
      reader.MergeBaseOf(request.base_revision(), request.head_revision(), max_staleness));
  response->set_base_commit(kinship.base_commit);
  response->set_head_commit(kinship.head_commit);
  response->set_merge_base_commit(kinship.merge_base_commit);
  AddFreshness(kinship.freshness, response);
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

grpc::Status ConfigService::GetMergeBase(grpc::ServerContext* /*context*/,
                                         const v1::GetMergeBaseRequest* request,
                                         v1::MergeBase* response) {
  return rpc::ToGrpc(Get(reader_, *request, response));
}

}  // namespace fleetcast::config
