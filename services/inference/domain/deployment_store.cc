#include "services/inference/domain/deployment_store.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

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
