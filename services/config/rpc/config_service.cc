#include "services/config/rpc/config_service.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/resource_name.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "services/config/rpc/changes_page.h"
#include "services/config/rpc/messages.h"

namespace fleetcast::config {
namespace {

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

absl::Status OtherPageToken() {
  return InvalidField("page_token", "is not from this list; start from the first page",
                      "INVALID_PAGE_TOKEN");
}

// A page that ends by its bytes alone unless the request says how many items: `commits` that all
// pages are read from, and how many items came before.
struct BytePage {
  std::vector<std::string> commits;  // none on the first page
  std::size_t begin = 0;
  rpc::PageBudget budget;
};

template <typename Request>
absl::StatusOr<BytePage> ParseBytePage(const Request& request, const std::string& binding,
                                       std::size_t commit_count) {
  if (request.page_size() < 0)
    return InvalidField("page_size",
                        absl::StrCat(request.page_size(),
                                     " is negative; use how many items a page "
                                     "may have at most, or 0 for as many as a message may carry"));
  FLEETCAST_ASSIGN_OR_RETURN(PageRequest page,
                             ParsePage(request.page_size(), request.page_token(), binding));
  BytePage parsed;
  if (request.page_size() > 0) parsed.budget = rpc::PageBudget(request.page_size());
  if (page.after.empty()) return parsed;
  if (page.after.size() != commit_count + 1 || !absl::SimpleAtoi(page.after.back(), &parsed.begin))
    return OtherPageToken();
  page.after.pop_back();
  parsed.commits = std::move(page.after);
  return parsed;
}

// `next` is where the next page begins.
std::string BytePageToken(std::vector<std::string> commits, std::size_t next,
                          const std::string& binding) {
  commits.push_back(absl::StrCat(next));
  return MakePageToken(commits, binding);
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
  std::vector<std::string> next = list.page.next_after;
  rpc::PageBudget budget;
  const auto add = [&budget](auto message, auto* messages) {
    if (!budget.Take(message.ByteSizeLong())) return false;
    *messages->Add() = std::move(message);
    return true;
  };
  const auto add_circuit = [&](const ResolvedCircuit& circuit) {
    if (circuit.sound()) {
      v1::Circuit message;
      ToMessage(circuit, list.commit, &message);
      return add(std::move(message), response->mutable_circuits());
    }
    v1::UnsoundCircuit message;
    ToMessage(circuit, &message);
    return add(std::move(message), response->mutable_unsound());
  };
  for (std::size_t i = 0; i < list.page.items.size(); ++i) {
    if (add_circuit(list.page.items[i])) continue;
    const CircuitKey& last = list.page.items[i - 1].key();
    next = {list.commit, last.plant_id, last.circuit_id};
    break;
  }
  response->set_next_page_token(MakePageToken(next, binding));
  response->set_commit(list.commit);
  response->set_unsound_circuit_count(list.unsound_circuit_count);
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
  const std::string binding = rpc::PageBinding("ValidateRevision", request);
  FLEETCAST_ASSIGN_OR_RETURN(BytePage page, ParseBytePage(request, binding, 1));
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  FLEETCAST_ASSIGN_OR_RETURN(
      const ValidationReport report,
      reader.ValidateRevision(page.commits.empty() ? request.revision() : page.commits[0],
                              max_staleness));
  response->set_commit(report.commit);
  response->set_valid(!HasError(report.diagnostics));
  const std::size_t next =
      AddDiagnostics(report.diagnostics, page.begin, page.budget, response->mutable_diagnostics());
  if (next < report.diagnostics.size())
    response->set_next_page_token(BytePageToken({report.commit}, next, binding));
  response->set_diagnostic_count(static_cast<int>(report.diagnostics.size()));
  response->set_circuit_count(report.circuit_count);
  response->set_unsound_circuit_count(report.unsound_circuit_count);
  AddFreshness(report.freshness, response);
  return absl::OkStatus();
}

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
  const std::string binding = rpc::PageBinding("DetectChanges", request);
  FLEETCAST_ASSIGN_OR_RETURN(BytePage page, ParseBytePage(request, binding, 2));
  FLEETCAST_ASSIGN_OR_RETURN(const MatrixRequest matrix, ParseMatrix(request));
  FLEETCAST_ASSIGN_OR_RETURN(const MaxStaleness max_staleness, ParseMaxStaleness(request));
  if (page.commits.empty()) page.commits = {request.base_revision(), request.head_revision()};
  FLEETCAST_ASSIGN_OR_RETURN(const ChangeReport report,
                             reader.DetectChanges(page.commits[0], page.commits[1], max_staleness));
  const Comparison& comparison = *report.comparison;
  response->set_merge_base_commit(comparison.merge_base_commit);
  response->set_merge_base_count(report.merge_base_count);
  response->set_head_commit(comparison.head_commit);
  if (const auto next = AddChanges(comparison, matrix, page.begin, page.budget, response))
    response->set_next_page_token(
        BytePageToken({report.base_commit, comparison.head_commit}, *next, binding));
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
