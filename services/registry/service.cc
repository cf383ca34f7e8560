#include "services/registry/service.h"

#include <utility>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/db/duties.h"
#include "common/db/migrator.h"
#include "common/db/request_ledger.h"
#include "common/service/dependencies.h"
#include "common/service/shared_settings.h"
#include "services/registry/adapters/artifact_files.h"
#include "services/registry/rpc/artifact_rpc.h"
#include "services/registry/rpc/data_asset_rpc.h"
#include "services/registry/rpc/environment_rpc.h"
#include "services/registry/rpc/experiment_rpc.h"
#include "services/registry/rpc/lineage_rpc.h"
#include "services/registry/rpc/model_rpc.h"
#include "services/registry/storage/metric_retention.h"
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
constexpr int kLeastSchemaVersion = 7;

class Registry final : public service::Service {
 public:
  Registry(const RegistryOptions& options, std::unique_ptr<ArtifactFiles> files)
      : options_(options),
        pool_(options.pool),
        files_(std::move(files)),
        postgres_(service::OwnPostgres(options.pool.dsn)) {}

  absl::Status CheckSchema() {
    return db::CheckSchemaVersion(pool_, "registry", db::registryMigrations(), kLeastSchemaVersion);
  }

  std::vector<grpc::Service*> grpc_services() override {
    return {&experiment_rpc_, &model_rpc_,       &artifact_rpc_,
            &data_asset_rpc_, &environment_rpc_, &lineage_rpc_};
  }
  std::vector<service::Dependency> dependencies() override { return {postgres_}; }
  void StartWork() override {
    duties_ = std::make_unique<db::Duties>(
        duties_pool_, "registry", options_.replica, clock_,
        std::vector<db::Duty>{db::RequestRetention("registry", options_.keep_requests),
                              MetricHistoryRetention(options_.keep_metric_history)});
  }
  void StopWork() override { duties_->Stop(); }

 private:
  // Retention takes no connection from the calls.
  [[nodiscard]] db::PoolOptions DutiesPool() const {
    db::PoolOptions pool = options_.pool;
    pool.size = 1;
    return pool;
  }

  const RegistryOptions options_;
  SystemClock clock_;
  db::ConnectionPool pool_;
  db::ConnectionPool duties_pool_{DutiesPool()};
  const std::unique_ptr<ArtifactFiles> files_;
  const service::Dependency postgres_;
  PostgresExperimentStore experiments_{&pool_};
  PostgresModelVersionStore versions_{&pool_};
  PostgresChampionStore champions_{&pool_};
  PostgresArtifactStore artifacts_{&pool_};
  PostgresDataAssetStore data_assets_{&pool_};
  PostgresEnvironmentStore environments_{&pool_};
  LineageReader lineage_{&experiments_, &versions_,    &champions_,
                         &artifacts_,   &data_assets_, &environments_};
  ExperimentRpc experiment_rpc_{&experiments_};
  ModelRpc model_rpc_{&versions_, &champions_};
  ArtifactRpc artifact_rpc_{&artifacts_, files_.get()};
  DataAssetRpc data_asset_rpc_{&data_assets_};
  EnvironmentRpc environment_rpc_{&environments_};
  LineageRpc lineage_rpc_{&lineage_};
  std::unique_ptr<db::Duties> duties_;
};

}  // namespace

RegistryOptions ReadRegistryOptions(SettingsReader& reader) {
  RegistryOptions options;
  options.pool = service::ReadDatabase(reader, "fleetcast-registry");
  options.artifacts_dir =
      reader.RequiredString("artifacts_dir", "folder of the artifacts' bytes, shared by replicas");
  options.max_artifact_bytes =
      reader.Int("max_artifact_bytes", options.max_artifact_bytes, 1, std::int64_t{1} << 40,
                 "largest artifact that is accepted");
  options.replica = service::ReadReplica(reader);
  options.keep_requests = reader.Duration("keep_requests", options.keep_requests,
                                          "how long a repeated request gets its first answer");
  options.keep_metric_history = reader.Duration(
      "keep_metric_history", options.keep_metric_history,
      "how long ended runs keep their metrics' histories; runs of champions always");
  return options;
}

absl::StatusOr<std::unique_ptr<service::Service>> MakeRegistry(const RegistryOptions& options) {
  FLEETCAST_ASSIGN_OR_RETURN(
      auto files, ArtifactFiles::Open(options.artifacts_dir, options.max_artifact_bytes));
  auto registry = std::make_unique<Registry>(options, std::move(files));
  FLEETCAST_RETURN_IF_ERROR(registry->CheckSchema());
  return registry;
}

}  // namespace fleetcast::registry
