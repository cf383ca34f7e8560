#include "services/trainer/trainer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/service/dependencies.h"
#include "services/trainer/adapters/config_catalog.h"
#include "services/trainer/adapters/registry_client.h"
#include "services/trainer/rpc/training_service.h"
#include "services/trainer/storage/postgres_job_store.h"
#include "services/trainer/storage/postgres_run_store.h"
#include "services/trainer/storage/training_rows.h"
#include "services/trainer/worker/training_attempt.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::trainer {
namespace {

// A heartbeat that hangs must have failed long before its lease runs out.
db::PoolOptions LedgerPool(const TrainerSettings& settings) {
  const absl::Duration patience =
      std::clamp(settings.worker.lease / 6, absl::Milliseconds(500), absl::Seconds(5));
  return {.dsn = settings.database.dsn,
          .size = 2 * settings.worker.slots + 2,
          .acquire_timeout = patience,
          .connect_timeout = std::max(patience, absl::Seconds(1)),
          .statement_timeout = patience,
          .lock_timeout = patience,
          .application_name = "fleetcast-trainer-worker"};
}

// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 1;

class Trainer final : public service::Service {
 public:
  Trainer(const TrainerSettings& settings, std::unique_ptr<sensordata::SensorSource> source)
      : settings_(settings),
        sensors_(std::move(source)),
        worker_(settings.worker, jobs_, registry_, clock_,
                [this](const ClaimedJob& claimed, HeldJob& held) {
                  return TrainingAttempt(tools_, claimed, held).Run();
                }) {}

  absl::Status CheckSchema() {
    return db::CheckSchemaVersion(api_pool_, kSchema, db::trainerMigrations(), kLeastSchemaVersion);
  }

  std::vector<grpc::Service*> grpc_services() override { return {&api_}; }
  std::vector<service::Dependency> dependencies() override {
    std::vector<service::Dependency> all = {
        service::OwnPostgres(settings_.database.dsn),
        service::CalledService("config", settings_.config_target),
        service::CalledService("registry", settings_.registry_target)};
    if (settings_.sensors.kind == "postgres")
      all.push_back(service::ReadPostgres("sensors", settings_.sensors.data));
    return all;
  }
  LogFields description() const override {
    return {{"replica", settings_.worker.replica},
            {"environment", settings_.worker.environment},
            {"slots", absl::StrCat(settings_.worker.slots)}};
  }
  void StartWork() override { worker_.Start(); }
  void StopWork() override { worker_.Stop(); }

 private:
  const TrainerSettings settings_;
  SystemClock clock_;
  RandomIdSource ids_;
  db::ConnectionPool api_pool_{settings_.database};
  db::ConnectionPool ledger_pool_{LedgerPool(settings_)};
  PostgresRunStore runs_{api_pool_};
  PostgresJobStore jobs_{ledger_pool_};
  ConfigCatalog catalog_{rpc::ConnectDependency("config", settings_.config_target)};
  RegistryClient registry_{rpc::ConnectDependency("registry", settings_.registry_target)};
  const std::unique_ptr<sensordata::SensorSource> sensors_;
  const TrainingTools tools_{.sensors = *sensors_, .registry = registry_, .clock = clock_};
  RunCreation creation_{runs_, catalog_, ids_, settings_.max_attempts};
  TrainingService api_{creation_, runs_, clock_, draining()};
  Worker worker_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<service::Service>> MakeTrainer(const TrainerSettings& settings) {
  FLEETCAST_ASSIGN_OR_RETURN(auto source, sensordata::OpenSensorSource(settings.sensors));
  forecast::StartLogged();
  auto trainer = std::make_unique<Trainer>(settings, std::move(source));
  FLEETCAST_RETURN_IF_ERROR(trainer->CheckSchema());
  return trainer;
}

}  // namespace fleetcast::trainer
