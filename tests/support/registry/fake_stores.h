// The registry's stores in memory. Stores on the same FakeTables see each other's rows.
#pragma once

#include <optional>
#include <string>

#include "services/registry/domain/artifact_store.h"
#include "services/registry/domain/data_asset_store.h"
#include "services/registry/domain/environment_store.h"
#include "services/registry/domain/experiment_store.h"
#include "services/registry/domain/model_store.h"
#include "tests/support/registry/fake_tables.h"

namespace fleetcast::testing {

class FakeExperimentStore final : public registry::ExperimentStore {
 public:
  explicit FakeExperimentStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::Experiment> CreateExperiment(
      const MutatingRequest& request, const registry::Experiment& experiment) override;
  absl::StatusOr<registry::Experiment> GetExperiment(const std::string& experiment_id) override;
  absl::StatusOr<PageOf<registry::Experiment>> ListExperiments(
      const registry::ListQuery& query) override;
  absl::StatusOr<registry::Run> CreateRun(const MutatingRequest& request,
                                          const registry::Run& run) override;
  absl::StatusOr<registry::Run> GetRun(const registry::RunName& name) override;
  absl::StatusOr<PageOf<registry::Run>> ListRuns(const std::string& experiment_id,
                                                 const registry::ListQuery& query) override;
  absl::Status LogBatch(const MutatingRequest& request, const registry::RunName& name,
                        const registry::RunBatch& batch) override;
  absl::StatusOr<registry::Run> FinishRun(const MutatingRequest& request,
                                          const registry::RunName& name, registry::RunState state,
                                          const std::string& reason) override;
  absl::StatusOr<PageOf<registry::MetricPoint>> ListMetricHistory(const registry::RunName& name,
                                                                  const std::string& key,
                                                                  const PageRequest& page) override;

 private:
  FakeTables& tables_;
};

class FakeModelVersionStore final : public registry::ModelVersionStore {
 public:
  explicit FakeModelVersionStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::ModelVersion> Create(const MutatingRequest& request,
                                                const registry::NewModelVersion& version) override;
  absl::StatusOr<registry::ModelVersion> Get(const registry::ModelVersionName& name) override;
  absl::StatusOr<PageOf<registry::ModelVersion>> List(const std::string& model_id,
                                                      const registry::ListQuery& query,
                                                      registry::VersionOrder order) override;
  absl::StatusOr<registry::ModelVersion> UpdateTags(const MutatingRequest& request,
                                                    const registry::ModelVersionName& name,
                                                    const registry::TagChange& change) override;

 private:
  FakeTables& tables_;
};

class FakeChampionStore final : public registry::ChampionStore {
 public:
  explicit FakeChampionStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::Champion> Get(const registry::CircuitName& circuit) override;
  absl::StatusOr<PageOf<registry::Champion>> List(const std::string& model_id,
                                                  const registry::ListQuery& query) override;
  absl::StatusOr<registry::Champion> Promote(const MutatingRequest& request,
                                             const registry::CircuitName& circuit,
                                             std::int64_t version, std::int64_t expected_version,
                                             const registry::ChampionCause& cause) override;
  absl::StatusOr<registry::Champion> RollBack(const MutatingRequest& request,
                                              const registry::CircuitName& circuit,
                                              std::int64_t expected_version,
                                              const registry::ChampionCause& cause) override;
  absl::StatusOr<registry::Champion> Remove(const MutatingRequest& request,
                                            const registry::CircuitName& circuit,
                                            std::int64_t expected_version,
                                            const registry::ChampionCause& cause) override;
  absl::StatusOr<PageOf<registry::ChampionEvent>> ListEvents(const registry::CircuitName& circuit,
                                                             const PageRequest& page) override;

 private:
  FakeTables& tables_;
};

class FakeArtifactStore final : public registry::ArtifactStore {
 public:
  explicit FakeArtifactStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::Artifact> Record(const MutatingRequest& request,
                                            const registry::Artifact& artifact,
                                            const std::optional<registry::RunName>& run) override;
  absl::StatusOr<registry::Artifact> Get(const std::string& sha256) override;
  absl::StatusOr<PageOf<registry::Artifact>> List(const std::optional<registry::RunName>& run,
                                                  const PageRequest& page) override;

 private:
  FakeTables& tables_;
};

class FakeDataAssetStore final : public registry::DataAssetStore {
 public:
  explicit FakeDataAssetStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::DataAssetVersion> Pin(
      const MutatingRequest& request, const registry::DataAssetVersion& reading) override;
  absl::StatusOr<registry::DataAssetVersion> Get(
      const registry::DataAssetVersionName& name) override;
  absl::StatusOr<PageOf<registry::DataAssetVersion>> List(const std::string& asset_id,
                                                          const PageRequest& page) override;

 private:
  FakeTables& tables_;
};

class FakeEnvironmentStore final : public registry::EnvironmentStore {
 public:
  explicit FakeEnvironmentStore(FakeTables* tables) : tables_(*tables) {}

  absl::StatusOr<registry::EnvironmentVersion> Create(
      const MutatingRequest& request, const registry::EnvironmentVersion& version) override;
  absl::StatusOr<registry::EnvironmentVersion> Get(
      const registry::EnvironmentVersionName& name) override;
  absl::StatusOr<PageOf<registry::EnvironmentVersion>> List(const std::string& environment_id,
                                                            const PageRequest& page) override;

 private:
  FakeTables& tables_;
};

}  // namespace fleetcast::testing
