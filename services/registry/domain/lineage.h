// Lineage: from a resource to what it came from, and to what came from it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/registry/domain/artifact_store.h"
#include "services/registry/domain/checks.h"
#include "services/registry/domain/data_asset_store.h"
#include "services/registry/domain/environment_store.h"
#include "services/registry/domain/experiment_store.h"
#include "services/registry/domain/model_store.h"

namespace fleetcast::registry {

enum class LineageRelation {
  kConfiguredBy,
  kProducedBy,
  kTrainedOn,
  kTrainedIn,
  kStoredAs,
  kLogged,
  kChampionOf,
  kStartedFrom
};

// To be read as a sentence. The subject came later than the object.
struct LineageEdge {
  std::string subject;
  LineageRelation relation;
  std::string object;
  StringMap details;
};

struct Lineage {
  std::string name;
  std::vector<LineageEdge> edges;
  bool truncated = false;  // older model versions are left out
};

// The parameters of a base's run that name the data of all circuits that it has seen, with commas
// between: as many as they take, `trained_on`, `trained_on.2` and so on.
inline constexpr char kTrainedOn[] = "trained_on";

// What `version` came from, in the order of its making.
[[nodiscard]] std::vector<LineageEdge> OriginsOf(const ModelVersion& version,
                                                 const DataAssetVersion& data,
                                                 const EnvironmentVersion& environment);

// Reads lineages from the registry's stores, which must outlive it. Thread safe.
class LineageReader {
 public:
  LineageReader(ExperimentStore* experiments, ModelVersionStore* versions, ChampionStore* champions,
                ArtifactStore* artifacts, DataAssetStore* data_assets,
                EnvironmentStore* environments)
      : experiments_(*experiments),
        versions_(*versions),
        champions_(*champions),
        artifacts_(*artifacts),
        data_assets_(*data_assets),
        environments_(*environments) {}

  // `name` is a model version's, run's, artifact's, data asset version's or environment version's.
  // INVALID_ARGUMENT for any other, NOT_FOUND.
  [[nodiscard]] absl::StatusOr<Lineage> Read(const std::string& name);

 private:
  absl::StatusOr<Lineage> ReadVersion(const ModelVersionName& name);
  // The data of all circuits that a plant's base has seen, and the versions that started from it.
  absl::Status AddLineageOfBase(const ModelVersion& base, Lineage& lineage);
  absl::StatusOr<Lineage> ReadRun(const RunName& name);
  // Adds the versions whose filter field `field` is `value`; of all models, or of `model`.
  absl::Status AddVersions(Lineage& lineage, const std::string& field, const std::string& value,
                           LineageRelation relation);
  absl::Status AddVersionsOf(const std::string& model, Lineage& lineage, const std::string& field,
                             const std::string& value, LineageRelation relation);

  ExperimentStore& experiments_;
  ModelVersionStore& versions_;
  ChampionStore& champions_;
  ArtifactStore& artifacts_;
  DataAssetStore& data_assets_;
  EnvironmentStore& environments_;
};

}  // namespace fleetcast::registry
