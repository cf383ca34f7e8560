#include "services/inference/adapters/config_catalog.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/rpc/client.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);

}  // namespace

absl::StatusOr<DeploymentSettings> ConfigCatalog::GetDeploymentSettings(
    const CircuitId& circuit, const std::string& revision) {
  config::v1::GetCircuitRequest request;
  request.set_name(CircuitResource(circuit));
  request.set_revision(revision);
  FLEETCAST_ASSIGN_OR_RETURN(
      const auto found,
      rpc::Call<config::v1::Circuit>(kTimeout, [&](auto* context, auto* response) {
        return stub_->GetCircuit(context, request, response);
      }));
  const config::v1::DeploymentConfig& deployment = found.deployment();
  return DeploymentSettings{
      .plant_display_name = found.plant_display_name(),
      .display_name = found.display_name(),
      .compute = deployment.compute_instance_type(),
      .instance_count = std::max(1, deployment.instance_count()),
      .mini_batch_size = deployment.mini_batch_size(),
      .max_concurrency_per_instance = std::max(1, deployment.max_concurrency_per_instance()),
      .timeout = absl::Minutes(deployment.timeout_minutes()),
      .error_threshold = deployment.error_threshold(),
      .max_retries = std::max(0, deployment.retry_settings().max_retries()),
      .sensor_id = found.training().data_filters().sensor_id(),
      .commit = found.commit()};
}

}  // namespace fleetcast::inference
