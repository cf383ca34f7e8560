// The registry service, as a training job uses it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"
#include "fleetcast/registry/v1/data_asset_service.grpc.pb.h"
#include "fleetcast/registry/v1/environment_service.grpc.pb.h"
#include "fleetcast/registry/v1/experiment_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "services/trainer/domain/model_registry.h"

namespace fleetcast::trainer {

class RegistryClient final : public ModelRegistry {
 public:
  explicit RegistryClient(const std::shared_ptr<grpc::Channel>& channel);

  [[nodiscard]] absl::StatusOr<std::string> StartRun(const std::string& request_id,
                                                     const ExperimentRunStart& start) override;
  [[nodiscard]] absl::Status LogMetrics(const std::string& request_id, const std::string& run,
                                        const std::vector<MetricValue>& metrics) override;
  [[nodiscard]] absl::Status LogParams(const std::string& request_id, const std::string& run,
                                       const std::map<std::string, std::string>& params) override;
  [[nodiscard]] absl::Status SetRunTags(const std::string& request_id, const std::string& run,
                                        const std::map<std::string, std::string>& tags) override;
  [[nodiscard]] absl::Status FinishRun(const std::string& request_id, const std::string& run,
                                       ExperimentRunEnd end, const std::string& reason) override;
  [[nodiscard]] absl::StatusOr<PinnedData> PinDataAsset(const std::string& request_id,
                                                        const DataAsset& asset) override;
  [[nodiscard]] absl::Status UploadArtifact(const std::string& request_id, const std::string& run,
                                            const std::string& file_name,
                                            const std::string& bytes) override;
  [[nodiscard]] absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256) override;
  [[nodiscard]] absl::StatusOr<RegisteredVersion> CreateVersion(
      const std::string& request_id, const NewModelVersion& version) override;
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfJob(
      const std::string& model, const std::string& training_job) override;
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> GetVersion(
      const std::string& name) override;
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> GetChampion(
      const std::string& plant_id, const std::string& circuit_id) override;
  [[nodiscard]] absl::StatusOr<std::set<std::string>> TriedOn(
      const std::string& plant_id, const std::string& circuit_id,
      const std::string& cutoff_date) override;
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfHash(
      const std::string& training_hash) override;
  [[nodiscard]] absl::Status TagVersion(const std::string& request_id, const std::string& version,
                                        const std::map<std::string, std::string>& tags) override;
  [[nodiscard]] absl::Status RegisterEnvironment(
      const std::string& request_id, const std::string& environment,
      const std::map<std::string, std::string>& properties) override;

 private:
  [[nodiscard]] absl::StatusOr<registry::v1::ListModelVersionsResponse> NewestVersions(
      const std::string& model, const std::string& filter, int most);
  [[nodiscard]] absl::StatusOr<std::optional<RegisteredVersion>> FindVersion(
      const std::string& model, const std::string& filter);

  const std::unique_ptr<registry::v1::ExperimentService::Stub> experiments_;
  const std::unique_ptr<registry::v1::DataAssetService::Stub> data_assets_;
  const std::unique_ptr<registry::v1::ArtifactService::Stub> artifacts_;
  const std::unique_ptr<registry::v1::ModelService::Stub> models_;
  const std::unique_ptr<registry::v1::EnvironmentService::Stub> environments_;
};

}  // namespace fleetcast::trainer
