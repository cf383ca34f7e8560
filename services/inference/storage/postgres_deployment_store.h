// Endpoints and deployments in Postgres.
#pragma once

#include <optional>
#include <string>

#include "common/db/connection_pool.h"
#include "services/inference/domain/deployment_store.h"

namespace fleetcast::inference {

// Make, replace and delete deployments of different circuits, as part of somebody's transaction.
void StoreDeployments(pqxx::work& work, const std::vector<Deployment>& deployments);
void DeleteDeployments(pqxx::work& work, const std::vector<CircuitId>& circuits);

class PostgresDeploymentStore final : public DeploymentStore {
 public:
  explicit PostgresDeploymentStore(db::ConnectionPool& pool) : pool_(pool) {}

  absl::StatusOr<Deployment> Deploy(const MutatingRequest& request, const Deployment& deployment,
                                    const std::string& etag) override;
  absl::StatusOr<std::vector<DeployOutcome>> DeployAll(
      const MutatingRequest& request, const std::vector<DeployItem>& items) override;
  absl::StatusOr<std::optional<Deployment>> FirstDeployment(
      const MutatingRequest& request) override;
  absl::StatusOr<std::optional<std::vector<DeployOutcome>>> FirstOutcomes(
      const MutatingRequest& request) override;
  absl::Status Delete(const MutatingRequest& request, const CircuitId& circuit,
                      const std::string& etag) override;
  absl::StatusOr<Deployment> Get(const CircuitId& circuit) override;
  absl::StatusOr<PageOf<Deployment>> List(const std::string& plant_id,
                                          const std::optional<Filter>& filter,
                                          const PageRequest& page) override;
  absl::StatusOr<BatchEndpoint> GetEndpoint(const std::string& plant_id) override;
  absl::StatusOr<PageOf<BatchEndpoint>> ListEndpoints(const PageRequest& page) override;

 private:
  db::ConnectionPool& pool_;
};

}  // namespace fleetcast::inference
