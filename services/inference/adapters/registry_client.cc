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
// As many as a filter of 4 KiB can name.
constexpr std::size_t kVersionsOfFilter = 100;

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

absl::StatusOr<std::map<std::int64_t, ModelVersion>> RegistryClient::GetModelVersions(
    const std::vector<std::int64_t>& versions) {
  std::map<std::int64_t, ModelVersion> found;
  for (std::size_t begin = 0; begin < versions.size(); begin += kVersionsOfFilter) {
    const std::size_t end = std::min(versions.size(), begin + kVersionsOfFilter);
    registry::v1::ListModelVersionsRequest request;
    request.set_parent("models/sensor-model");
    request.set_page_size(static_cast<std::int32_t>(kVersionsOfFilter));
    request.set_filter("version = " +
                       absl::StrJoin(versions.begin() + static_cast<std::ptrdiff_t>(begin),
                                     versions.begin() + static_cast<std::ptrdiff_t>(end),
                                     " OR version = "));
    do {
      FLEETCAST_ASSIGN_OR_RETURN(
          const auto page, rpc::Call<registry::v1::ListModelVersionsResponse>(
                               kTimeout, [&](auto* context, auto* response) {
                                 return models_->ListModelVersions(context, request, response);
                               }));
      for (const auto& message : page.model_versions()) {
        FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t number,
                                   ParseModelVersion("name", message.name()));
        found[number] = {.version = number,
                         .tags = {message.tags().begin(), message.tags().end()},
                         .artifact_sha256 = message.artifact_sha256(),
                         .environment = message.environment_version()};
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }
  return found;
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
