// Port: endpoints and deployments. Implementations: PostgresDeploymentStore, FakeInferenceStore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// One of many versions to deploy: what its deployment is to be, or what keeps it from one.
struct DeployItem {
  std::int64_t model_version = 0;
  CircuitId circuit;  // empty where it is not known
  absl::StatusOr<Deployment> deployment;
  std::string etag;  // see DeploymentStore::Deploy
};

// What became of it.
struct DeployOutcome {
  std::int64_t model_version = 0;
  CircuitId circuit;                            // empty where it is not known
  std::int64_t revision = 0;                    // the deployment's; 0 if it failed
  std::string failure_reason, failure_message;  // empty if it is deployed
};

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request its first answer, as it was then, and REQUEST_ID_REUSED to another under the same id.
class DeploymentStore {
 public:
  virtual ~DeploymentStore() = default;

  // Makes or replaces the circuit's deployment, and makes its plant's endpoint if need be. Sets
  // revision, times and the tag `deployed_at`. A non-empty `etag` must be the present one:
  // ABORTED ETAG_MISMATCH.
  [[nodiscard]] virtual absl::StatusOr<Deployment> Deploy(const MutatingRequest& request,
                                                          const Deployment& deployment,
                                                          const std::string& etag) = 0;
  // Deploy for many, in one transaction; what is wrong with one is its outcome. An outcome an item,
  // in their order. At most one item a circuit.
  [[nodiscard]] virtual absl::StatusOr<std::vector<DeployOutcome>> DeployAll(
      const MutatingRequest& request, const std::vector<DeployItem>& items) = 0;
  // The first answers of Deploy and DeployAll, to be asked before what an item needs is fetched;
  // nullopt for a request that was not answered yet.
  [[nodiscard]] virtual absl::StatusOr<std::optional<Deployment>> FirstDeployment(
      const MutatingRequest& request) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::optional<std::vector<DeployOutcome>>> FirstOutcomes(
      const MutatingRequest& request) = 0;
  // NOT_FOUND; ABORTED ETAG_MISMATCH.
  [[nodiscard]] virtual absl::Status Delete(const MutatingRequest& request,
                                            const CircuitId& circuit, const std::string& etag) = 0;
  [[nodiscard]] virtual absl::StatusOr<Deployment> Get(const CircuitId& circuit) = 0;
  // By plant and circuit; an empty `plant_id` means all. next_after is {plant id, circuit id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<Deployment>> List(const std::string& plant_id,
                                                                const std::optional<Filter>& filter,
                                                                const PageRequest& page) = 0;
  [[nodiscard]] virtual absl::StatusOr<BatchEndpoint> GetEndpoint(const std::string& plant_id) = 0;
  // By plant. next_after is {plant id}.
  [[nodiscard]] virtual absl::StatusOr<PageOf<BatchEndpoint>> ListEndpoints(
      const PageRequest& page) = 0;
};

// What List can be filtered by.
[[nodiscard]] const FilterFields& DeploymentFilterFields();

// The outcome of an item that `error` keeps from being deployed.
[[nodiscard]] DeployOutcome FailedOutcome(std::int64_t model_version, const CircuitId& circuit,
                                          const absl::Status& error);

// The sort keys of the lists.
[[nodiscard]] std::vector<std::string> PageKeyOf(const Deployment& deployment);
[[nodiscard]] std::vector<std::string> PageKeyOf(const BatchEndpoint& endpoint);

// The errors above, worded once for every store.
[[nodiscard]] absl::Status DeploymentNotFound(const CircuitId& circuit);
[[nodiscard]] absl::Status EndpointNotFound(const std::string& plant_id);
[[nodiscard]] absl::Status EtagMismatch(const std::string& name, const std::string& etag);

}  // namespace fleetcast::inference
