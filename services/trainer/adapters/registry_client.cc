#include "services/trainer/adapters/registry_client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/rpc/client.h"
#include "services/trainer/adapters/registry_messages.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {
namespace {

namespace v1 = registry::v1;

// Short: a call that hangs must not keep a job from noticing that it has to stop.
constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kTransferTimeout = absl::Seconds(60);
constexpr std::size_t kChunkBytes = std::size_t{512} * 1024;
constexpr std::size_t kMetricsPerBatch = 500, kParamsPerBatch = 100;

}  // namespace

RegistryClient::RegistryClient(const std::shared_ptr<grpc::Channel>& channel)
    : experiments_(v1::ExperimentService::NewStub(channel)),
      data_assets_(v1::DataAssetService::NewStub(channel)),
      artifacts_(v1::ArtifactService::NewStub(channel)),
      models_(v1::ModelService::NewStub(channel)),
      environments_(v1::EnvironmentService::NewStub(channel)) {}

absl::StatusOr<std::string> RegistryClient::StartRun(const std::string& request_id,
                                                     const ExperimentRunStart& start) {
  v1::CreateExperimentRequest experiment;
  experiment.set_request_id(DerivedUuid(request_id + " experiment"));
  experiment.set_experiment_id(start.experiment_id);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto created, rpc::Call<v1::Experiment>(kTimeout, [&](auto* context, auto* response) {
        return experiments_->CreateExperiment(context, experiment, response);
      }));
  v1::CreateRunRequest request;
  request.set_request_id(request_id);
  request.set_parent(created.name());
  request.set_run_id(start.run_id);
  request.mutable_run()->set_display_name(start.display_name);
  request.mutable_run()->mutable_tags()->insert(start.tags.begin(), start.tags.end());
  FLEETCAST_ASSIGN_OR_RETURN(const auto run,
                             rpc::Call<v1::Run>(kTimeout, [&](auto* context, auto* response) {
                               return experiments_->CreateRun(context, request, response);
                             }));
  FLEETCAST_RETURN_IF_ERROR(
      LogParams(DerivedUuid(request_id + " params"), run.name(), start.params));
  return run.name();
}

absl::Status RegistryClient::LogParams(const std::string& request_id, const std::string& run,
                                       const std::map<std::string, std::string>& params) {
  auto next = params.begin();
  for (int batch = 0; next != params.end(); ++batch) {
    v1::LogBatchRequest request;
    request.set_request_id(batch == 0 ? request_id : DerivedUuid(absl::StrCat(request_id, batch)));
    request.set_name(run);
    for (; next != params.end() && request.params().size() < kParamsPerBatch; ++next)
      request.mutable_params()->insert({next->first, next->second});
    FLEETCAST_RETURN_IF_ERROR(
        rpc::Call<v1::LogBatchResponse>(kTimeout, [&](auto* context, auto* response) {
          return experiments_->LogBatch(context, request, response);
        }).status());
  }
  return absl::OkStatus();
}

absl::Status RegistryClient::LogMetrics(const std::string& request_id, const std::string& run,
                                        const std::vector<MetricValue>& metrics) {
  for (std::size_t begin = 0; begin < metrics.size(); begin += kMetricsPerBatch) {
    v1::LogBatchRequest request;
    request.set_request_id(begin == 0 ? request_id : DerivedUuid(absl::StrCat(request_id, begin)));
    request.set_name(run);
    const std::size_t end = std::min(begin + kMetricsPerBatch, metrics.size());
    for (std::size_t i = begin; i < end; ++i) *request.add_metrics() = MessageOf(metrics[i]);
    FLEETCAST_RETURN_IF_ERROR(
        rpc::Call<v1::LogBatchResponse>(kTimeout, [&](auto* context, auto* response) {
          return experiments_->LogBatch(context, request, response);
        }).status());
  }
  return absl::OkStatus();
}

absl::Status RegistryClient::SetRunTags(const std::string& request_id, const std::string& run,
                                        const std::map<std::string, std::string>& tags) {
  v1::LogBatchRequest request;
  request.set_request_id(request_id);
  request.set_name(run);
  request.mutable_tags()->insert(tags.begin(), tags.end());
  return rpc::Call<v1::LogBatchResponse>(kTimeout,
                                         [&](auto* context, auto* response) {
                                           return experiments_->LogBatch(context, request,
                                                                         response);
                                         })
      .status();
}

absl::Status RegistryClient::FinishRun(const std::string& request_id, const std::string& run,
                                       ExperimentRunEnd end, const std::string& reason) {
  v1::FinishRunRequest request;
  request.set_request_id(request_id);
  request.set_name(run);
  request.set_state(MessageOf(end));
  request.set_state_reason(PrintableUtf8(reason, kMaxStateReasonBytes));
  absl::Status status = rpc::Call<v1::Run>(kTimeout, [&](auto* context, auto* response) {
                          return experiments_->FinishRun(context, request, response);
                        }).status();
  if (absl::IsNotFound(status) || ReasonOf(status) == "RUN_ENDED") return absl::OkStatus();
  return status;
}

absl::StatusOr<PinnedData> RegistryClient::PinDataAsset(const std::string& request_id,
                                                        const DataAsset& asset) {
  v1::CreateDataAssetVersionRequest request;
  request.set_request_id(request_id);
  request.set_parent("dataAssets/" + asset.asset_id);
  request.set_cutoff_date(asset.cutoff_date);
  *request.mutable_data_asset_version() = MessageOf(asset);
  const auto created =
      rpc::Call<v1::DataAssetVersion>(kTimeout, [&](auto* context, auto* response) {
        return data_assets_->CreateDataAssetVersion(context, request, response);
      });
  if (!created.ok()) return created.status();
  return PinnedDataOf(*created);
}

absl::Status RegistryClient::UploadArtifact(const std::string& request_id, const std::string& run,
                                            const std::string& file_name,
                                            const std::string& bytes) {
  const auto context = rpc::MakeContext(kTransferTimeout);
  v1::Artifact stored;
  const auto writer = artifacts_->UploadArtifact(context.get(), &stored);
  v1::UploadArtifactRequest first;
  v1::ArtifactMetadata& metadata = *first.mutable_metadata();
  metadata.set_request_id(request_id);
  metadata.set_run(run);
  metadata.set_file_name(file_name);
  metadata.set_sha256(Sha256Hex(bytes));
  metadata.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
  bool open = writer->Write(first);
  for (std::size_t begin = 0; open && begin < bytes.size(); begin += kChunkBytes) {
    v1::UploadArtifactRequest chunk;
    chunk.set_chunk(bytes.substr(begin, kChunkBytes));
    open = writer->Write(chunk);
  }
  writer->WritesDone();
  return rpc::FromGrpc(writer->Finish());
}

absl::StatusOr<std::string> RegistryClient::DownloadArtifact(const std::string& sha256) {
  const auto context = rpc::MakeContext(kTransferTimeout);
  v1::DownloadArtifactRequest request;
  request.set_name("artifacts/" + sha256);
  const auto reader = artifacts_->DownloadArtifact(context.get(), request);
  std::string bytes;
  v1::DownloadArtifactResponse part;
  while (reader->Read(&part)) bytes += part.chunk();
  FLEETCAST_RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
  if (Sha256Hex(bytes) != sha256)
    return Refused(absl::StatusCode::kDataLoss, "ARTIFACT_DAMAGED",
                   absl::StrCat("artifacts/", sha256, " arrived with other bytes"),
                   {{"artifact", "artifacts/" + sha256}});
  return bytes;
}

absl::StatusOr<RegisteredVersion> RegistryClient::CreateVersion(const std::string& request_id,
                                                                const NewModelVersion& version) {
  v1::CreateModelVersionRequest request;
  request.set_request_id(request_id);
  request.set_parent(version.model);
  *request.mutable_model_version() = MessageOf(version);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto created, rpc::Call<v1::ModelVersion>(kTimeout, [&](auto* context, auto* response) {
        return models_->CreateModelVersion(context, request, response);
      }));
  return VersionOf(created);
}

// The newest that the filter lets through.
absl::StatusOr<v1::ListModelVersionsResponse> RegistryClient::NewestVersions(
    const std::string& model, const std::string& filter, int most) {
  v1::ListModelVersionsRequest request;
  request.set_parent(model);
  request.set_page_size(most);
  request.set_filter(filter);
  return rpc::Call<v1::ListModelVersionsResponse>(kTimeout, [&](auto* context, auto* response) {
    return models_->ListModelVersions(context, request, response);
  });
}

absl::StatusOr<std::optional<RegisteredVersion>> RegistryClient::FindVersion(
    const std::string& model, const std::string& filter) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto found, NewestVersions(model, filter, 1));
  if (found.model_versions().empty()) return std::optional<RegisteredVersion>();
  return std::optional<RegisteredVersion>(VersionOf(found.model_versions(0)));
}

absl::StatusOr<std::set<std::string>> RegistryClient::TriedOn(const std::string& plant_id,
                                                              const std::string& circuit_id,
                                                              const std::string& cutoff_date) {
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto found,
      NewestVersions(kSensorModel,
                     absl::StrCat("tags.plant_id = \"", plant_id, "\" AND tags.circuit_id = \"",
                                  circuit_id, "\" AND tags.cutoff_date = \"", cutoff_date, "\""),
                     100));
  std::set<std::string> hashes;
  for (const v1::ModelVersion& version : found.model_versions()) {
    const auto hash = version.tags().find("training_hash");
    if (hash != version.tags().end()) hashes.insert(hash->second);
  }
  return hashes;
}

absl::StatusOr<std::optional<RegisteredVersion>> RegistryClient::FindVersionOfJob(
    const std::string& model, const std::string& training_job) {
  return FindVersion(model, absl::StrCat("training_job = \"", training_job, "\""));
}

absl::StatusOr<std::optional<RegisteredVersion>> RegistryClient::GetVersion(
    const std::string& name) {
  v1::GetModelVersionRequest request;
  request.set_name(name);
  const auto version = rpc::Call<v1::ModelVersion>(kTimeout, [&](auto* context, auto* response) {
    return models_->GetModelVersion(context, request, response);
  });
  if (absl::IsNotFound(version.status())) return std::optional<RegisteredVersion>();
  if (!version.ok()) return version.status();
  return std::optional<RegisteredVersion>(VersionOf(*version));
}

absl::StatusOr<std::optional<RegisteredVersion>> RegistryClient::GetChampion(
    const std::string& plant_id, const std::string& circuit_id) {
  v1::GetChampionRequest request;
  request.set_name(
      absl::StrCat(kSensorModel, "/", CircuitResource(plant_id, circuit_id), "/champion"));
  const auto champion = rpc::Call<v1::Champion>(kTimeout, [&](auto* context, auto* response) {
    return models_->GetChampion(context, request, response);
  });
  if (absl::IsNotFound(champion.status())) return std::optional<RegisteredVersion>();
  if (!champion.ok()) return champion.status();
  return GetVersion(champion->model_version());
}

absl::StatusOr<std::optional<RegisteredVersion>> RegistryClient::FindVersionOfHash(
    const std::string& training_hash) {
  return FindVersion(kSensorModel, absl::StrCat("tags.training_hash = \"", training_hash, "\""));
}

absl::Status RegistryClient::TagVersion(const std::string& request_id, const std::string& version,
                                        const std::map<std::string, std::string>& tags) {
  v1::UpdateModelVersionTagsRequest request;
  request.set_request_id(request_id);
  request.set_name(version);
  request.mutable_tags()->insert(tags.begin(), tags.end());
  return rpc::Call<v1::ModelVersion>(kTimeout,
                                     [&](auto* context, auto* response) {
                                       return models_->UpdateModelVersionTags(context, request,
                                                                              response);
                                     })
      .status();
}

absl::Status RegistryClient::RegisterEnvironment(
    const std::string& request_id, const std::string& environment,
    const std::map<std::string, std::string>& properties) {
  FLEETCAST_RETURN_IF_ERROR(EnvironmentResource(environment).status());
  const std::size_t colon = environment.find(':');
  v1::CreateEnvironmentVersionRequest request;
  request.set_request_id(request_id);
  request.set_parent("environments/" + environment.substr(0, colon));
  request.set_environment_version_id(environment.substr(colon + 1));
  request.mutable_environment_version()->mutable_properties()->insert(properties.begin(),
                                                                      properties.end());
  return rpc::Call<v1::EnvironmentVersion>(kTimeout,
                                           [&](auto* context, auto* response) {
                                             return environments_->CreateEnvironmentVersion(
                                                 context, request, response);
                                           })
      .status();
}

}  // namespace fleetcast::trainer
