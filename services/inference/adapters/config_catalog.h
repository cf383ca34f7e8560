// The config service over gRPC, as far as deployments need it.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "services/inference/domain/circuit_catalog.h"

namespace fleetcast::inference {

class ConfigCatalog final : public CircuitCatalog {
 public:
  explicit ConfigCatalog(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(config::v1::ConfigService::NewStub(channel)) {}

  absl::StatusOr<DeploymentSettings> GetDeploymentSettings(const CircuitId& circuit,
                                                           const std::string& revision) override;

 private:
  std::unique_ptr<config::v1::ConfigService::Stub> stub_;
};

}  // namespace fleetcast::inference
