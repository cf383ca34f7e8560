// Port: what a job does in the registry. Implementations: RegistryClient, and a fake in the tests
// that fails on demand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

struct ExperimentRunStart {
  std::string experiment_id, run_id, display_name;
  std::map<std::string, std::string> params, tags;
};

struct MetricValue {
  std::string key;
  double value = 0;
  std::int64_t step = 0;
};

struct DataColumn {
  std::string name;
  double minimum = 0, maximum = 0, mean = 0, standard_deviation = 0;
  std::int64_t missing_count = 0;
};

struct DataIrregularity {
  std::string kind, column;  // UPPER_SNAKE; empty where rows are meant
  std::int64_t count = 0;
  std::string message;
};

struct DataAsset {
  std::string asset_id, cutoff_date;  // "plant_P001_circuit_C001", "2025-12-09"
  std::string sensor_id, source_uri, fingerprint;
  std::int64_t row_count = 0, first_unix_seconds = 0, last_unix_seconds = 0, step_seconds = 0;
  std::vector<DataColumn> columns;
  std::vector<DataIrregularity> issues;
  std::string ml_table;
};

// What the registry made of a DataAsset.
struct PinnedData {
  // That a reading before came out differently, with the same sensor, columns and cutoff date.
  struct Change {
    std::string kind;  // "LATE_READINGS", "LOST_READINGS", "CORRECTED_READINGS"
    std::int64_t count = 0;
    std::string message;
  };
  std::string version;  // its resource name
  std::vector<Change> changes;
};

struct NewModelVersion {
  std::string model = kSensorModel;
  std::map<std::string, std::string> tags;
  std::map<std::string, double> metrics;
  std::string artifact_sha256, run, data_asset_version, environment_version, training_job;
};

struct RegisteredVersion {
  std::string name;  // "models/sensor-model/versions/12"
  std::int64_t number = 0;
  std::string artifact_sha256, run;
  std::map<std::string, std::string> tags;
  std::map<std::string, double> metrics = {};
};

// Thread safe. `request_id` is a UUID: the same call with the same id has one effect. Errors are
// the registry's, UNAVAILABLE if it cannot be reached.
class ModelRegistry {
 public:
  virtual ~ModelRegistry() = default;

  // Makes the experiment if need be and a run in it; returns the run's resource name.
  [[nodiscard]] virtual absl::StatusOr<std::string> StartRun(const std::string& request_id,
                                                             const ExperimentRunStart& start) = 0;
  [[nodiscard]] virtual absl::Status LogMetrics(const std::string& request_id,
                                                const std::string& run,
                                                const std::vector<MetricValue>& metrics) = 0;
  [[nodiscard]] virtual absl::Status LogParams(
      const std::string& request_id, const std::string& run,
      const std::map<std::string, std::string>& params) = 0;
  [[nodiscard]] virtual absl::Status SetRunTags(const std::string& request_id,
                                                const std::string& run,
                                                const std::map<std::string, std::string>& tags) = 0;
  // OK if the run does not exist or has ended already, in whatever state.
  [[nodiscard]] virtual absl::Status FinishRun(const std::string& request_id,
                                               const std::string& run, ExperimentRunEnd end,
                                               const std::string& reason) = 0;

  // Pins what was read as a version, or finds it pinned.
  [[nodiscard]] virtual absl::StatusOr<PinnedData> PinDataAsset(const std::string& request_id,
                                                                const DataAsset& asset) = 0;

  // Stores bytes under their SHA-256, as the run's file.
  [[nodiscard]] virtual absl::Status UploadArtifact(const std::string& request_id,
                                                    const std::string& run,
                                                    const std::string& file_name,
                                                    const std::string& bytes) = 0;
  // The bytes, verified against their SHA-256.
  [[nodiscard]] virtual absl::StatusOr<std::string> DownloadArtifact(const std::string& sha256) = 0;

  // The version of its training job: a new one, or the one that the job already has.
  [[nodiscard]] virtual absl::StatusOr<RegisteredVersion> CreateVersion(
      const std::string& request_id, const NewModelVersion& version) = 0;
  // Of `model`; nullopt if the job has none.
  [[nodiscard]] virtual absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfJob(
      const std::string& model, const std::string& training_job) = 0;
  // By its resource name; nullopt if there is none of it.
  [[nodiscard]] virtual absl::StatusOr<std::optional<RegisteredVersion>> GetVersion(
      const std::string& name) = 0;

  // nullopt if the circuit has none.
  [[nodiscard]] virtual absl::StatusOr<std::optional<RegisteredVersion>> GetChampion(
      const std::string& plant_id, const std::string& circuit_id) = 0;
  // The newest version with this tag `training_hash`; nullopt if there is none.
  [[nodiscard]] virtual absl::StatusOr<std::optional<RegisteredVersion>> FindVersionOfHash(
      const std::string& training_hash) = 0;
  // The training hashes of the circuit's versions with this cutoff date, of its newest hundred.
  [[nodiscard]] virtual absl::StatusOr<std::set<std::string>> TriedOn(
      const std::string& plant_id, const std::string& circuit_id,
      const std::string& cutoff_date) = 0;
  // Sets tags of a version, whatever they were.
  [[nodiscard]] virtual absl::Status TagVersion(const std::string& request_id,
                                                const std::string& version,
                                                const std::map<std::string, std::string>& tags) = 0;

  // `environment`: "custom-lstm-env:1.5.0".
  [[nodiscard]] virtual absl::Status RegisterEnvironment(
      const std::string& request_id, const std::string& environment,
      const std::map<std::string, std::string>& properties) = 0;
};

}  // namespace fleetcast::trainer
