#include "services/inference/adapters/registry_client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/rpc/client.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr absl::Duration kTransferTimeout = absl::Seconds(60);
constexpr char kModel[] = "models/sensor-model";
constexpr int kPageSize = 1000;
// As many as a filter of 4 KiB can name.
constexpr std::size_t kVersionsOfFilter = 100, kHashesOfFilter = 40, kCircuitsOfFilter = 20;
constexpr std::size_t kFewCircuits = 300;

// Filters that name `most` of `all` at a time, joined by OR.
template <typename T, typename Term>
std::vector<std::string> FiltersOf(const std::vector<T>& all, std::size_t most, Term&& term) {
  std::vector<std::string> filters;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % most == 0)
      filters.push_back(term(all[i]));
    else
      absl::StrAppend(&filters.back(), " OR ", term(all[i]));
  }
  return filters;
}

std::string TagOf(const registry::v1::ModelVersion& version, const std::string& key) {
  const auto found = version.tags().find(key);
  return found == version.tags().end() ? "" : found->second;
}

Candidate CandidateOf(const registry::v1::ModelVersion& version) {
  const std::string against = TagOf(version, "gate_champion");
  return {.version = version.version(),
          .gate = TagOf(version, "gate"),
          .judged_against =
              against.empty() ? 0 : ParseModelVersion("gate_champion", against).value_or(0),
          .why = TagOf(version, "gate_why")};
}

absl::Status ModelError(absl::StatusCode code, const std::string& reason, const std::string& sha256,
                        const std::string& what) {
  return Refused(code, reason, absl::StrCat("artifact ", sha256, ": ", what),
                 {{"artifact", sha256}});
}

// The registry's error about an artifact, in the words of an invocation's failure.
absl::Status DownloadError(const absl::Status& status, const std::string& sha256) {
  const std::string said(status.message());
  if (status.code() == absl::StatusCode::kNotFound) {
    return ModelError(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_MISSING", sha256,
                      absl::StrCat("the registry does not have it (", said,
                                   "); train and deploy the circuit again"));
  }
  if (status.code() == absl::StatusCode::kDataLoss) {
    return ModelError(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", sha256,
                      absl::StrCat(said, "; restore it, or train and deploy the circuit again"));
  }
  if (IsTransient(status)) {
    return ModelError(absl::StatusCode::kUnavailable, "MODEL_UNAVAILABLE", sha256,
                      absl::StrCat("cannot be had from the registry now: ", said));
  }
  return status;
}

}  // namespace

RegistryClient::RegistryClient(const std::shared_ptr<grpc::Channel>& channel)
    : models_(registry::v1::ModelService::NewStub(channel)),
      artifacts_(registry::v1::ArtifactService::NewStub(channel)) {}

absl::StatusOr<std::vector<registry::v1::ModelVersion>> RegistryClient::List(
    const std::string& filter) {
  std::vector<registry::v1::ModelVersion> versions;
  registry::v1::ListModelVersionsRequest request;
  request.set_parent(kModel);
  request.set_page_size(kPageSize);
  request.set_filter(filter);
  do {
    FLEETCAST_ASSIGN_OR_RETURN(auto page, rpc::Call<registry::v1::ListModelVersionsResponse>(
                                              kTimeout, [&](auto* context, auto* response) {
                                                return models_->ListModelVersions(context, request,
                                                                                  response);
                                              }));
    for (auto& version : *page.mutable_model_versions()) versions.push_back(std::move(version));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return versions;
}

absl::StatusOr<std::map<std::int64_t, ModelVersion>> RegistryClient::GetModelVersions(
    const std::vector<std::int64_t>& versions) {
  std::map<std::int64_t, ModelVersion> found;
  for (const auto& filter : FiltersOf(versions, kVersionsOfFilter, [](std::int64_t version) {
         return absl::StrCat("version = ", version);
       })) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto listed, List(filter));
    for (const auto& message : listed)
      found[message.version()] = {.version = message.version(),
                                  .tags = {message.tags().begin(), message.tags().end()},
                                  .metrics = {message.metrics().begin(), message.metrics().end()},
                                  .artifact_sha256 = message.artifact_sha256(),
                                  .environment = message.environment_version()};
  }
  return found;
}

absl::StatusOr<std::map<std::string, std::vector<Candidate>>> RegistryClient::FindCandidates(
    const std::vector<std::string>& training_hashes) {
  std::map<std::string, std::vector<Candidate>> found;
  for (const auto& filter :
       FiltersOf(training_hashes, kHashesOfFilter, [](const std::string& hash) {
         return absl::StrCat("tags.training_hash = \"", hash, "\"");
       })) {
    FLEETCAST_ASSIGN_OR_RETURN(const auto listed, List(filter));
    for (const auto& message : listed)
      found[TagOf(message, "training_hash")].push_back(CandidateOf(message));
  }
  return found;
}

absl::StatusOr<std::map<CircuitId, StandingChampion>> RegistryClient::GetChampions(
    const std::vector<CircuitId>& circuits) {
  std::map<CircuitId, StandingChampion> champions;
  // Where most are asked for, all are cheaper.
  const std::vector<std::string> filters =
      circuits.size() > kFewCircuits
          ? std::vector<std::string>{""}
          : FiltersOf(circuits, kCircuitsOfFilter, [](const CircuitId& circuit) {
              return absl::StrCat("(plant_id = \"", circuit.plant_id, "\" AND circuit_id = \"",
                                  circuit.circuit_id, "\")");
            });
  for (const std::string& filter : filters) {
    registry::v1::ListChampionsRequest request;
    request.set_parent(kModel);
    request.set_page_size(kPageSize);
    request.set_filter(filter);
    do {
      FLEETCAST_ASSIGN_OR_RETURN(const auto page, rpc::Call<registry::v1::ListChampionsResponse>(
                                                      kTimeout, [&](auto* context, auto* response) {
                                                        return models_->ListChampions(
                                                            context, request, response);
                                                      }));
      for (const auto& champion : page.champions()) {
        StandingChampion& found = champions[{champion.plant_id(), champion.circuit_id()}];
        found.version = champion.version();
        if (!champion.previous_model_version().empty()) {
          FLEETCAST_ASSIGN_OR_RETURN(
              found.previous,
              ParseModelVersion("previous_model_version", champion.previous_model_version()));
        }
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }
  return champions;
}

absl::Status RegistryClient::ChangeChampion(const std::string& request_id,
                                            const ChampionChange& change) {
  const auto fill = [&](auto& request) {
    request.set_request_id(request_id);
    request.set_expected_current_version(change.expected_current);
    request.set_actor(change.actor);
    request.set_reason(change.reason);
  };
  const std::string name = absl::StrCat(kModel, "/", CircuitResource(change.circuit), "/champion");
  if (change.model_version == 0) {
    registry::v1::DeleteChampionRequest request;
    fill(request);
    request.set_name(name);
    const absl::Status removed =
        rpc::Call<registry::v1::ChampionEvent>(kTimeout, [&](auto* context, auto* response) {
          return models_->DeleteChampion(context, request, response);
        }).status();
    return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
  }
  if (change.roll_back) {
    registry::v1::RollbackChampionRequest request;
    fill(request);
    request.set_name(name);
    return rpc::Call<registry::v1::Champion>(kTimeout,
                                             [&](auto* context, auto* response) {
                                               return models_->RollbackChampion(context, request,
                                                                                response);
                                             })
        .status();
  }
  registry::v1::SetChampionRequest request;
  fill(request);
  request.set_plant_id(change.circuit.plant_id);
  request.set_circuit_id(change.circuit.circuit_id);
  request.set_model_version(ModelVersionResource(change.model_version));
  return rpc::Call<registry::v1::Champion>(kTimeout,
                                           [&](auto* context, auto* response) {
                                             return models_->SetChampion(context, request,
                                                                         response);
                                           })
      .status();
}

absl::StatusOr<std::string> RegistryClient::DownloadArtifact(const std::string& sha256,
                                                             absl::Duration timeout) {
  registry::v1::DownloadArtifactRequest request;
  request.set_name("artifacts/" + sha256);
  const auto context = rpc::MakeContext(std::min(timeout, kTransferTimeout));
  const auto reader = artifacts_->DownloadArtifact(context.get(), request);
  std::string bytes;
  registry::v1::DownloadArtifactResponse response;
  while (reader->Read(&response)) {
    bytes += response.chunk();
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return DownloadError(rpc::FromGrpc(status), sha256);
  if (Sha256Hex(bytes) != sha256) {
    return ModelError(absl::StatusCode::kDataLoss, "MODEL_ARTIFACT_CORRUPT", sha256,
                      "the bytes that arrived have another SHA-256; restore the artifact, or train "
                      "and deploy the circuit again");
  }
  return bytes;
}

}  // namespace fleetcast::inference
