// Port: endpoints and deployments. Implementations: PostgresDeploymentStore, FakeInferenceStore.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/filter_fields.h"
#include "common/base/mutating_request.h"
#include "common/base/page.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// What lists of deployments can be filtered by; List takes filters checked against them.
[[nodiscard]] const FilterFields& DeploymentFilterFields();

// Thread safe. Every method may return UNAVAILABLE. A method with a `request` gives to a repeated
// request the resource of its first answer, and REQUEST_ID_REUSED to another under the same id.
class DeploymentStore {
 public:
  virtual ~DeploymentStore() = default;

  // Makes or replaces the circuit's deployment, and makes its plant's endpoint if need be. Sets
  // revision, times and the tag `deployed_at`. A non-empty `etag` must be the present one:
  // ABORTED ETAG_MISMATCH.
  [[nodiscard]] virtual absl::StatusOr<Deployment> Deploy(const MutatingRequest& request,
                                                          const Deployment& deployment,
                                                          const std::string& etag) = 0;
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

// The errors above, worded once for every store.
[[nodiscard]] absl::Status DeploymentNotFound(const CircuitId& circuit);
[[nodiscard]] absl::Status EndpointNotFound(const std::string& plant_id);
[[nodiscard]] absl::Status EtagMismatch(const std::string& name, const std::string& etag);

}  // namespace fleetcast::inference
