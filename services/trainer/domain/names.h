// What things are called: the trainer's own resources and those that it makes in the registry.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

inline constexpr char kSensorModel[] = "models/sensor-model";
inline constexpr char kPlantBase[] = "models/plant-base";

// "trainingRuns/{id}" and "trainingRuns/{id}/jobs/{job}", both ways. INVALID_ARGUMENT on `field`.
[[nodiscard]] std::string RunResource(const std::string& run_id);
[[nodiscard]] std::string JobResource(const JobName& name);
[[nodiscard]] absl::StatusOr<std::string> ParseRun(const std::string& field,
                                                   const std::string& name);
[[nodiscard]] absl::StatusOr<JobName> ParseJob(const std::string& field, const std::string& name);
// As ParseRun, but "trainingRuns/-" gives "", which stands for all.
[[nodiscard]] absl::StatusOr<std::string> ParseRunOrAll(const std::string& field,
                                                        const std::string& name);

// "plants/P001/circuits/C001"
[[nodiscard]] std::string CircuitResource(const std::string& plant_id,
                                          const std::string& circuit_id);
// "plant_P001_circuit_C001": the circuit's experiment and its data asset.
[[nodiscard]] std::string CircuitAssetId(const std::string& plant_id,
                                         const std::string& circuit_id);
// "plant_P001_base": the experiment of a plant's base and its data asset. No circuit's: ids of
// plants hold no "_circuit_" and do not end in "_circuit".
[[nodiscard]] std::string PlantBaseId(const std::string& plant_id);
// "models/plant-base/versions/3"
[[nodiscard]] std::string PlantBaseVersion(std::int64_t version);
// "PR-17_2025-12-09", or "manual_2025-12-09" without a pull request.
[[nodiscard]] std::string ExperimentRunDisplayName(int pull_request_number,
                                                   const std::string& cutoff_date);
// "{run}-{lease_epoch}": one for each attempt, in its circuit's experiment.
[[nodiscard]] std::string ExperimentRunId(const JobName& name, std::int64_t lease_epoch);
// "experiments/plant_P001_circuit_C001/runs/{ExperimentRunId}", of the job's subject.
[[nodiscard]] std::string ExperimentRunResource(const Subject& subject, const JobName& name,
                                                std::int64_t lease_epoch);
// "custom-lstm-env:1.5.0"
[[nodiscard]] std::string EnvironmentOf(const std::string& environment_version);
// "environments/custom-lstm-env/versions/1.5.0". INVALID_ARGUMENT unless `environment` is
// "name:version".
[[nodiscard]] absl::StatusOr<std::string> EnvironmentResource(const std::string& environment);

}  // namespace fleetcast::trainer
