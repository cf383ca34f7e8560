// The config service over gRPC, as far as deployments need it.
#pragma once

#include <grpcpp/channel.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "services/inference/domain/circuit_catalog.h"

namespace fleetcast::inference {

// A call a circuit for few circuits of a plant; for more, the plant's circuits page by page.
class ConfigCatalog final : public CircuitCatalog {
 public:
  explicit ConfigCatalog(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(config::v1::ConfigService::NewStub(channel)) {}

  absl::StatusOr<std::map<CircuitId, absl::StatusOr<DeploymentSettings>>> GetDeploymentSettings(
      const std::vector<CircuitId>& circuits, const std::string& revision) override;

  absl::StatusOr<DesiredFleet> GetFleet(const std::string& revision) override;
  absl::StatusOr<Kinship> GetKinship(const std::string& base_revision,
                                     const std::string& head_revision) override;

 private:
  using Found = std::map<CircuitId, DeploymentSettings>;
  // What the revision stands for now. UNAVAILABLE where its remote cannot be asked.
  [[nodiscard]] absl::StatusOr<std::string> CommitOf(const std::string& revision);
  // The plant's sound circuits; none if there is no such plant.
  [[nodiscard]] absl::StatusOr<Found> List(const std::string& plant_id, const std::string& commit);
  [[nodiscard]] absl::StatusOr<DeploymentSettings> Get(const CircuitId& circuit,
                                                       const std::string& commit);

  std::unique_ptr<config::v1::ConfigService::Stub> stub_;
};

}  // namespace fleetcast::inference
