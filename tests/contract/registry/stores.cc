#include "tests/contract/registry/stores.h"

#include "common/db/connection_pool.h"
#include "common/db/migrator.h"
#include "services/registry/storage/postgres_artifact_store.h"
#include "services/registry/storage/postgres_champion_store.h"
#include "services/registry/storage/postgres_data_asset_store.h"
#include "services/registry/storage/postgres_environment_store.h"
#include "services/registry/storage/postgres_experiment_store.h"
#include "services/registry/storage/postgres_model_version_store.h"
#include "tests/support/registry/fake_stores.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> registryMigrations();
}

namespace fleetcast::registry {
namespace {

template <typename Experiments, typename Versions, typename Champions, typename Artifacts,
          typename DataAssets, typename Environments>
class StoresOf : public Stores {
 public:
  template <typename Rows>
  explicit StoresOf(Rows* rows)
      : experiments_(rows),
        versions_(rows),
        champions_(rows),
        artifacts_(rows),
        data_assets_(rows),
        environments_(rows) {}

  ExperimentStore& experiments() override { return experiments_; }
  ModelVersionStore& versions() override { return versions_; }
  ChampionStore& champions() override { return champions_; }
  ArtifactStore& artifacts() override { return artifacts_; }
  DataAssetStore& data_assets() override { return data_assets_; }
  EnvironmentStore& environments() override { return environments_; }

 private:
  Experiments experiments_;
  Versions versions_;
  Champions champions_;
  Artifacts artifacts_;
  DataAssets data_assets_;
  Environments environments_;
};

struct FakeRows {
  testing::FakeTables tables;
};
class FakeStores final
    : FakeRows,
      public StoresOf<testing::FakeExperimentStore, testing::FakeModelVersionStore,
                      testing::FakeChampionStore, testing::FakeArtifactStore,
                      testing::FakeDataAssetStore, testing::FakeEnvironmentStore> {
 public:
  FakeStores() : StoresOf(&tables) {}
};

struct PostgresRows {
  PostgresRows() : pool({.dsn = testing::NewDatabase(), .size = 4}) {
    const absl::Status migrated = db::Migrate(pool, "registry", db::registryMigrations());
    EXPECT_TRUE(migrated.ok()) << migrated;
  }
  db::ConnectionPool pool;
};
class PostgresStores final
    : PostgresRows,
      public StoresOf<PostgresExperimentStore, PostgresModelVersionStore, PostgresChampionStore,
                      PostgresArtifactStore, PostgresDataAssetStore, PostgresEnvironmentStore> {
 public:
  PostgresStores() : StoresOf(&pool) {}
};

}  // namespace

std::unique_ptr<Stores> MakeStores(Backend backend) {
  if (backend == Backend::kFake) return std::make_unique<FakeStores>();
  return std::make_unique<PostgresStores>();
}

}  // namespace fleetcast::registry
