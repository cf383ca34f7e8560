#include "services/registry/service.h"

#include <utility>

#include "common/base/status.h"
#include "common/db/migrator.h"
#include "services/registry/adapters/artifact_files.h"
#include "services/registry/rpc/artifact_rpc.h"
#include "services/registry/rpc/data_asset_rpc.h"
#include "services/registry/rpc/environment_rpc.h"
#include "services/registry/rpc/experiment_rpc.h"
#include "services/registry/rpc/lineage_rpc.h"
#include "services/registry/rpc/model_rpc.h"
#include "services/registry/storage/postgres_artifact_store.h"
#include "services/registry/storage/postgres_champion_store.h"
#include "services/registry/storage/postgres_data_asset_store.h"
#include "services/registry/storage/postgres_environment_store.h"
#include "services/registry/storage/postgres_experiment_store.h"
#include "services/registry/storage/postgres_model_version_store.h"

namespace fleetcast::db {
std::vector<Migration> registryMigrations();
}

namespace fleetcast::registry {
namespace {

// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 1;

}  // namespace

struct RegistryService::Parts {
  explicit Parts(const db::PoolOptions& options) : pool(options) {}

  db::ConnectionPool pool;
  std::unique_ptr<ArtifactFiles> files;
  PostgresExperimentStore experiments{&pool};
  PostgresModelVersionStore versions{&pool};
  PostgresChampionStore champions{&pool};
  PostgresArtifactStore artifacts{&pool};
  PostgresDataAssetStore data_assets{&pool};
  PostgresEnvironmentStore environments{&pool};
  LineageReader lineage{&experiments, &versions,    &champions,
                        &artifacts,   &data_assets, &environments};
  ExperimentRpc experiment_rpc{&experiments};
  ModelRpc model_rpc{&versions, &champions};
  DataAssetRpc data_asset_rpc{&data_assets};
  EnvironmentRpc environment_rpc{&environments};
  LineageRpc lineage_rpc{&lineage};
  std::unique_ptr<ArtifactRpc> artifact_rpc;
};

RegistryService::RegistryService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RegistryService::~RegistryService() = default;

absl::StatusOr<std::unique_ptr<RegistryService>> RegistryService::Start(
    const RegistryOptions& options) {
  auto parts = std::make_unique<Parts>(options.pool);
  FLEETCAST_RETURN_IF_ERROR(db::CheckSchemaVersion(parts->pool, "registry",
                                                   db::registryMigrations(), kLeastSchemaVersion));
  FLEETCAST_ASSIGN_OR_RETURN(
      parts->files, ArtifactFiles::Open(options.artifacts_dir, options.max_artifact_bytes));
  parts->artifact_rpc = std::make_unique<ArtifactRpc>(&parts->artifacts, parts->files.get());
  return std::unique_ptr<RegistryService>(new RegistryService(std::move(parts)));
}

std::vector<grpc::Service*> RegistryService::grpc_services() {
  return {&parts_->experiment_rpc, &parts_->model_rpc,       parts_->artifact_rpc.get(),
          &parts_->data_asset_rpc, &parts_->environment_rpc, &parts_->lineage_rpc};
}

}  // namespace fleetcast::registry
