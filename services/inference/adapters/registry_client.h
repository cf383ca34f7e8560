// The registry over gRPC.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "services/inference/domain/model_registry.h"

namespace fleetcast::inference {

class RegistryClient final : public ModelRegistry {
 public:
  explicit RegistryClient(const std::shared_ptr<grpc::Channel>& channel);

  absl::StatusOr<std::map<std::int64_t, ModelVersion>> GetModelVersions(
      const std::vector<std::int64_t>& versions) override;
  absl::StatusOr<std::map<std::string, std::vector<Candidate>>> FindCandidates(
      const std::vector<std::string>& training_hashes) override;
  absl::StatusOr<std::map<CircuitId, StandingChampion>> GetChampions(
      const std::vector<CircuitId>& circuits) override;
  absl::Status ChangeChampion(const std::string& request_id, const ChampionChange& change) override;
  absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256,
                                               absl::Duration timeout) override;

 private:
  // All versions that a filter lets through, newest first.
  [[nodiscard]] absl::StatusOr<std::vector<registry::v1::ModelVersion>> List(
      const std::string& filter);

  std::unique_ptr<registry::v1::ModelService::Stub> models_;
  std::unique_ptr<registry::v1::ArtifactService::Stub> artifacts_;
};

}  // namespace fleetcast::inference
