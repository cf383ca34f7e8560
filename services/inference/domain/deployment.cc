#include "services/inference/domain/deployment.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"

namespace fleetcast::inference {
namespace {

std::string TagOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.tags.find(key);
  return found == version.tags.end() ? "" : found->second;
}

absl::Status Unusable(const ModelVersion& version, const std::string& reason,
                      const std::string& what) {
  const std::string name = ModelVersionResource(version.version);
  return Refused(absl::StatusCode::kFailedPrecondition, reason,
                 absl::StrCat(name, " cannot be deployed: ", what), {{"model_version", name}});
}

std::optional<double> MetricOf(const ModelVersion& version, const std::string& key) {
  const auto found = version.metrics.find(key);
  if (found == version.metrics.end()) return std::nullopt;
  return found->second;
}

}  // namespace

absl::StatusOr<CircuitId> CircuitOf(const ModelVersion& version) {
  const CircuitId circuit{TagOf(version, "plant_id"), TagOf(version, "circuit_id")};
  if (!ValidateId("plant_id", circuit.plant_id).ok() ||
      !ValidateId("circuit_id", circuit.circuit_id).ok()) {
    return Unusable(version, "MODEL_VERSION_UNTAGGED",
                    "its tags plant_id and circuit_id do not name a circuit; set them");
  }
  return circuit;
}

absl::StatusOr<Deployment> MakeDeployment(const ModelVersion& version,
                                          const DeploymentSettings& settings) {
  FLEETCAST_ASSIGN_OR_RETURN(const CircuitId circuit, CircuitOf(version));
  if (version.artifact_sha256.empty()) {
    return Unusable(version, "MODEL_VERSION_WITHOUT_ARTIFACT",
                    "it has no artifact; deploy a version that was trained to its end");
  }
  Deployment deployment;
  deployment.circuit = circuit;
  deployment.model_version = version.version;
  deployment.artifact_sha256 = version.artifact_sha256;
  deployment.environment = version.environment;
  deployment.settings = settings;
  deployment.environment_variables = {{"PLANT_ID", circuit.plant_id},
                                      {"CIRCUIT_ID", circuit.circuit_id}};
  deployment.tags = {{"plant_id", circuit.plant_id},
                     {"circuit_id", circuit.circuit_id},
                     {"model_version", absl::StrCat(version.version)},
                     {"environment_version", TagOf(version, "environment_version")}};
  deployment.training_hash = TagOf(version, "training_hash");
  // A version goes on with the sensor that it was trained on, whatever is configured since.
  if (const std::string sensor = TagOf(version, "sensor_id"); !sensor.empty())
    deployment.settings.sensor_id = sensor;
  // A cutoff date may be later than what there was to read.
  deployment.cutoff_date = TagOf(version, "cutoff_date");
  const std::string last = TagOf(version, "last_reading").substr(0, deployment.cutoff_date.size());
  if (!last.empty()) deployment.cutoff_date = std::min(deployment.cutoff_date, last);
  deployment.mae = MetricOf(version, "mae");
  deployment.skill = MetricOf(version, "skill");
  return deployment;
}

}  // namespace fleetcast::inference
