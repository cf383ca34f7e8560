// Circuits' configurations from the config service.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "services/trainer/domain/circuit_catalog.h"

namespace fleetcast::trainer {

class ConfigCatalog final : public CircuitCatalog {
 public:
  explicit ConfigCatalog(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(config::v1::ConfigService::NewStub(channel)) {}

  [[nodiscard]] absl::StatusOr<ResolvedCircuits> ChangedCircuits(const std::string& base,
                                                                 const std::string& head) override;
  [[nodiscard]] absl::StatusOr<ResolvedCircuits> NamedCircuits(
      const std::vector<std::string>& names, const std::string& revision) override;

 private:
  using CircuitKey = std::pair<std::string, std::string>;  // plant, circuit
  using Circuits = std::map<CircuitKey, CircuitConfig>;

  // All sound circuits of `parent` at `commit`; the unsound ones are added to `unsound`.
  [[nodiscard]] absl::Status List(const std::string& parent, const std::string& commit,
                                  Circuits& circuits, std::vector<UnsoundCircuit>& unsound);
  [[nodiscard]] absl::StatusOr<CircuitConfig> Get(const std::string& name,
                                                  const std::string& commit);
  // The circuits of these keys at `commit`.
  [[nodiscard]] absl::Status Fetch(const std::set<CircuitKey>& keys, const std::string& commit,
                                   Circuits& circuits);
  [[nodiscard]] absl::StatusOr<std::string> CommitOf(const std::string& revision);

  const std::unique_ptr<config::v1::ConfigService::Stub> stub_;
};

}  // namespace fleetcast::trainer
