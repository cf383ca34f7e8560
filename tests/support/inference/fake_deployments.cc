#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/inference/domain/list_filter.h"
#include "tests/support/inference/fake_ledger.h"

namespace fleetcast::inference {
namespace {

std::optional<std::string> ValueOf(const Deployment& deployment, const std::string& field) {
  if (field == "plant_id") return deployment.circuit.plant_id;
  if (field == "circuit_id") return deployment.circuit.circuit_id;
  if (field == "model") return ModelVersionResource(deployment.model_version);
  if (field == "environment") return deployment.environment;
  if (field == "compute") return deployment.settings.compute;
  if (field == "sensor_id") return deployment.settings.sensor_id;
  const auto tag = deployment.tags.find(field.substr(5));
  if (tag == deployment.tags.end()) return std::nullopt;
  return tag->second;
}

}  // namespace

absl::StatusOr<Deployment> FakeDeploymentStore::Deploy(const MutatingRequest& request,
                                                       const Deployment& deployment,
                                                       const std::string& etag) {
  const CircuitId& circuit = deployment.circuit;
  {
    absl::MutexLock lock(&ledger_.mutex);
    FLEETCAST_RETURN_IF_ERROR(
        ledger_
            .AnswerOnce(request,
                        [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                          const auto old = ledger_.deployments.find(circuit);
                          const bool known = old != ledger_.deployments.end();
                          if (!etag.empty() &&
                              (!known || absl::StrCat(old->second.revision) != etag)) {
                            return EtagMismatch(DeploymentResource(circuit), etag);
                          }
                          const absl::Time now = ledger_.clock.Now();
                          Deployment stored = deployment;
                          stored.revision = ++ledger_.revision;
                          stored.create_time = known ? old->second.create_time : now;
                          stored.update_time = now;
                          stored.tags["deployed_at"] =
                              absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", now, absl::UTCTimeZone());
                          ledger_.deployments[circuit] = stored;
                          BatchEndpoint& endpoint = ledger_.endpoints[circuit.plant_id];
                          if (endpoint.plant_id.empty()) endpoint.create_time = now;
                          endpoint.plant_id = circuit.plant_id;
                          endpoint.display_name = deployment.settings.plant_display_name;
                          endpoint.update_time = now;
                          return std::string("deployed");
                        })
            .status());
  }
  return Get(circuit);
}

absl::Status FakeDeploymentStore::Delete(const MutatingRequest& request, const CircuitId& circuit,
                                         const std::string& etag) {
  absl::MutexLock lock(&ledger_.mutex);
  return ledger_
      .AnswerOnce(request,
                  [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::StatusOr<std::string> {
                    const auto old = ledger_.deployments.find(circuit);
                    if (old == ledger_.deployments.end()) return DeploymentNotFound(circuit);
                    if (!etag.empty() && absl::StrCat(old->second.revision) != etag) {
                      return EtagMismatch(DeploymentResource(circuit), etag);
                    }
                    ledger_.deployments.erase(old);
                    return std::string("deleted");
                  })
      .status();
}

absl::StatusOr<Deployment> FakeDeploymentStore::Get(const CircuitId& circuit) {
  absl::MutexLock lock(&ledger_.mutex);
  const auto found = ledger_.deployments.find(circuit);
  if (found == ledger_.deployments.end()) return DeploymentNotFound(circuit);
  return found->second;
}

absl::StatusOr<PageOf<Deployment>> FakeDeploymentStore::List(const std::string& plant_id,
                                                             const std::optional<Filter>& filter,
                                                             const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared,
                             PrepareFilter(filter, kDeploymentFilterFields, {}));
  absl::MutexLock lock(&ledger_.mutex);
  std::vector<Deployment> deployments;
  for (const auto& entry : ledger_.deployments) {
    const Deployment& deployment = entry.second;
    if (!plant_id.empty() && entry.first.plant_id != plant_id) continue;
    if (!prepared ||
        Matches(*prepared, [&](const std::string& field) { return ValueOf(deployment, field); })) {
      deployments.push_back(deployment);
    }
  }
  return FakePage(
      deployments, page,
      [](const Deployment& deployment) {
        return std::vector<std::string>{deployment.circuit.plant_id, deployment.circuit.circuit_id};
      },
      KeyLess);
}

absl::StatusOr<BatchEndpoint> FakeDeploymentStore::GetEndpoint(const std::string& plant_id) {
  absl::MutexLock lock(&ledger_.mutex);
  const auto found = ledger_.endpoints.find(plant_id);
  if (found == ledger_.endpoints.end()) return EndpointNotFound(plant_id);
  BatchEndpoint endpoint = found->second;
  for (const auto& entry : ledger_.deployments) {
    if (entry.first.plant_id == plant_id) ++endpoint.deployment_count;
  }
  return endpoint;
}

absl::StatusOr<PageOf<BatchEndpoint>> FakeDeploymentStore::ListEndpoints(const PageRequest& page) {
  std::vector<std::string> plants;
  {
    absl::MutexLock lock(&ledger_.mutex);
    for (const auto& entry : ledger_.endpoints) plants.push_back(entry.first);
  }
  std::vector<BatchEndpoint> endpoints;
  for (const std::string& plant : plants) endpoints.push_back(*GetEndpoint(plant));
  return FakePage(
      endpoints, page,
      [](const BatchEndpoint& endpoint) { return std::vector<std::string>{endpoint.plant_id}; },
      KeyLess);
}

}  // namespace fleetcast::inference
