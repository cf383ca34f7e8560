#include "services/inference/domain/deployment_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"

namespace fleetcast::inference {

const FilterFields& DeploymentFilterFields() {
  static const FilterFields fields = {{"plant_id"},
                                      {"circuit_id"},
                                      {"model"},
                                      {"environment"},
                                      {"compute"},
                                      {"sensor_id"},
                                      {"tags.*", FilterKind::kValue}};
  return fields;
}

DeployOutcome FailedOutcome(std::int64_t model_version, const CircuitId& circuit,
                            const absl::Status& error) {
  constexpr std::size_t kMaxMessage = 500;  // a thousand of them are one answer
  std::string reason = ReasonOf(error);
  if (reason.empty()) reason = absl::StatusCodeToString(error.code());
  return {.model_version = model_version,
          .circuit = circuit,
          .revision = 0,
          .failure_reason = std::move(reason),
          .failure_message = PrintableUtf8(std::string(error.message()), kMaxMessage)};
}

std::vector<std::string> PageKeyOf(const Deployment& deployment) {
  return {deployment.circuit.plant_id, deployment.circuit.circuit_id};
}

std::vector<std::string> PageKeyOf(const BatchEndpoint& endpoint) { return {endpoint.plant_id}; }

absl::Status DeploymentNotFound(const CircuitId& circuit) {
  return ResourceNotFound("Deployment", DeploymentResource(circuit),
                          "deploy a model version of the circuit first (DeployModelVersion)");
}

absl::Status EndpointNotFound(const std::string& plant_id) {
  return ResourceNotFound("BatchEndpoint", EndpointResource(plant_id),
                          "deploy a circuit of the plant first (DeployModelVersion)");
}

absl::Status EtagMismatch(const std::string& name, const std::string& etag) {
  return Refused(
      absl::StatusCode::kAborted, "ETAG_MISMATCH",
      absl::StrCat(name, " has changed since etag ", etag, "; read it again and decide anew"),
      {{"name", name}, {"etag", etag}});
}

}  // namespace fleetcast::inference
