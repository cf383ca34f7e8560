// Batch endpoints and deployments, as snapshots, and what a deployment is made of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/inference/domain/names.h"

namespace fleetcast::inference {

struct BatchEndpoint {
  std::string plant_id;
  std::string display_name;
  int deployment_count = 0;
  absl::Time create_time, update_time;
};

// What forecasts where the deployed version cannot (`deployment.fallback`).
enum class Fallback { kEarlierVersionOrNaive, kNone };

// What a circuit's forecasts look like, for one that no model makes.
struct ForecastShape {
  std::string target_column;  // empty: not known
  int horizon = 0;            // steps
  std::vector<double> interval_levels;
  std::optional<double> minimum, maximum;  // of the target
};

// A version that served before, to be loaded in place of the deployed one.
struct EarlierVersion {
  std::int64_t model_version = 0;
  std::string artifact_sha256;
};

// The part of a circuit's configuration that a deployment takes.
struct DeploymentSettings {
  std::string plant_display_name, display_name;
  std::string compute;
  int instance_count = 1;
  int mini_batch_size = 0;
  int max_concurrency_per_instance = 1;
  absl::Duration timeout = absl::Hours(1);
  int error_threshold = -1;
  int max_retries = 3;
  absl::Duration retry_timeout = absl::Seconds(30);  // of a backfill's mini batch
  std::string sensor_id;
  std::string commit;           // that it was read from
  std::string deployment_hash;  // as config gives it
  Fallback fallback = Fallback::kEarlierVersionOrNaive;
  ForecastShape shape = {};
};

// What the registry says of a model version.
struct ModelVersion {
  std::int64_t version = 0;
  std::map<std::string, std::string> tags;
  std::map<std::string, double> metrics;
  std::string artifact_sha256;
  std::string environment;  // resource name of the environment version
};

struct Deployment {
  CircuitId circuit;
  std::int64_t model_version = 0;
  std::string artifact_sha256;
  std::string environment;
  DeploymentSettings settings;
  std::map<std::string, std::string> environment_variables;
  std::map<std::string, std::string> tags;  // `deployed_at` is the store's to set
  std::string training_hash, cutoff_date;   // what the version was trained from; empty: not known
  std::optional<double> mae, skill;         // on held-out rows; none: the version does not say
  // The store's to set: that served before this one and was not taken out by a rollback.
  std::optional<EarlierVersion> earlier;
  std::int64_t revision = 0;  // raised by every change; the etag
  absl::Time create_time, update_time;
};

// The circuit that a version's tags name. FAILED_PRECONDITION MODEL_VERSION_UNTAGGED.
[[nodiscard]] absl::StatusOr<CircuitId> CircuitOf(const ModelVersion& version);

// The deployment of `version`, all but what the store sets (revision, times, `deployed_at`).
// FAILED_PRECONDITION MODEL_VERSION_UNTAGGED, MODEL_VERSION_WITHOUT_ARTIFACT.
[[nodiscard]] absl::StatusOr<Deployment> MakeDeployment(const ModelVersion& version,
                                                        const DeploymentSettings& settings);

}  // namespace fleetcast::inference
