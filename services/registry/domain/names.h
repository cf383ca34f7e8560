// Resource names of the registry: text to ids, each checked before it touches a path or SQL, and
// back. `field` is the request field that an INVALID_ARGUMENT names.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace fleetcast::registry {

// experiments/{experiment_id}/runs/{run_id}
struct RunName {
  std::string experiment_id;
  std::string run_id;
  [[nodiscard]] std::string Text() const;
  auto operator<=>(const RunName&) const = default;
};

// dataAssets/{asset_id}/versions/{version}
struct DataAssetVersionName {
  std::string asset_id;
  std::string version;  // the cutoff date
  [[nodiscard]] std::string Text() const;
  auto operator<=>(const DataAssetVersionName&) const = default;
};

// environments/{environment_id}/versions/{version}
struct EnvironmentVersionName {
  std::string environment_id;
  std::string version;
  [[nodiscard]] std::string Text() const;
  auto operator<=>(const EnvironmentVersionName&) const = default;
};

// models/{model_id}/versions/{version}
struct ModelVersionName {
  std::string model_id;
  std::int64_t version = 0;
  [[nodiscard]] std::string Text() const;
  auto operator<=>(const ModelVersionName&) const = default;
};

// models/{model_id}/plants/{plant_id}/circuits/{circuit_id}: what has a champion. In a parent of a
// list "-" stands for all.
struct CircuitName {
  std::string model_id;
  std::string plant_id;
  std::string circuit_id;
  [[nodiscard]] std::string Text() const;
  [[nodiscard]] std::string ChampionText() const;  // …/champion
  auto operator<=>(const CircuitName&) const = default;
};

[[nodiscard]] std::string ExperimentNameText(const std::string& experiment_id);
[[nodiscard]] std::string ArtifactNameText(const std::string& sha256);

// Names give their ids; those of collections' parents (`experiments/-`) may be "-" where said.
[[nodiscard]] absl::StatusOr<std::string> ParseExperimentName(const std::string& field,
                                                              const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseExperimentParent(const std::string& field,
                                                                const std::string& name);  // or "-"
[[nodiscard]] absl::StatusOr<RunName> ParseRunName(const std::string& field,
                                                   const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseDataAssetParent(const std::string& field,
                                                               const std::string& name);  // or "-"
// The `number`th reading up to a cutoff date: "2025-12-09", "2025-12-09.2" …
[[nodiscard]] std::string ReadingId(const std::string& cutoff_date, int number);
// The inverse for a data asset's version; 0 for one of the form that other
// columns once made, "2025-12-09-1b2c3d4e".
[[nodiscard]] int NumberOfReading(const std::string& version);
// INVALID_ARGUMENT unless `id` is what a data asset's version may be called.
[[nodiscard]] absl::Status CheckDataAssetVersionId(const std::string& field, const std::string& id);
[[nodiscard]] absl::StatusOr<DataAssetVersionName> ParseDataAssetVersionName(
    const std::string& field, const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseEnvironmentParent(
    const std::string& field,
    const std::string& name);  // or "-"
[[nodiscard]] absl::StatusOr<EnvironmentVersionName> ParseEnvironmentVersionName(
    const std::string& field, const std::string& name);
[[nodiscard]] absl::StatusOr<std::string> ParseModelName(const std::string& field,
                                                         const std::string& name);
[[nodiscard]] absl::StatusOr<ModelVersionName> ParseModelVersionName(const std::string& field,
                                                                     const std::string& name);
[[nodiscard]] absl::StatusOr<CircuitName> ParseChampionName(const std::string& field,
                                                            const std::string& name);
[[nodiscard]] absl::StatusOr<CircuitName> ParseCircuitParent(const std::string& field,
                                                             const std::string& name);  // or "-"
[[nodiscard]] absl::StatusOr<std::string> ParseArtifactName(const std::string& field,
                                                            const std::string& name);

// Ids alone, as Create requests give them. Ids of experiments, runs and data assets are made of
// other ids and so may have 255 characters.
[[nodiscard]] absl::Status CheckLongId(const std::string& field, const std::string& id);
// As an id, but with dots: "1.5.0".
[[nodiscard]] absl::Status CheckVersionId(const std::string& field, const std::string& id);
[[nodiscard]] absl::Status CheckSha256(const std::string& field, const std::string& sha256);
// "" or trainingRuns/{training_run}/jobs/{job}.
[[nodiscard]] absl::Status CheckTrainingJobName(const std::string& field, const std::string& name);

}  // namespace fleetcast::registry
