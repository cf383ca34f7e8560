#include "services/trainer/trainer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/db/connection_pool.h"
#include "common/db/migrator.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
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

// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 1;

// A heartbeat that hangs must have failed long before its lease runs out.
db::PoolOptions LedgerPool(const TrainerSettings& settings) {
  const absl::Duration patience =
      std::clamp(settings.worker.lease / 6, absl::Milliseconds(500), absl::Seconds(5));
  return {.dsn = settings.database,
          .size = 2 * settings.worker.slots + 2,
          .acquire_timeout = patience,
          .connect_timeout = std::max(patience, absl::Seconds(1)),
          .statement_timeout = patience,
          .lock_timeout = patience,
          .application_name = "fleetcast-trainer-worker"};
}

}  // namespace

struct Trainer::Parts {
  Parts(const TrainerSettings& settings, std::unique_ptr<sensordata::SensorSource> source)
      : api_pool({.dsn = settings.database, .application_name = "fleetcast-trainer"}),
        ledger_pool(LedgerPool(settings)),
        runs(api_pool),
        jobs(ledger_pool),
        catalog(fleetcast::rpc::Connect(settings.config_target)),
        registry(fleetcast::rpc::Connect(settings.registry_target)),
        sensors(std::move(source)),
        tools{.sensors = *sensors, .registry = registry, .clock = clock},
        creation(runs, catalog, ids, settings.max_attempts),
        service(creation, runs, clock, draining),
        worker(settings.worker, jobs, registry, clock,
               [this](const ClaimedJob& claimed, HeldJob& held) {
                 return TrainingAttempt(tools, claimed, held).Run();
               }) {}

  SystemClock clock;
  RandomIdSource ids;
  Notification draining;
  db::ConnectionPool api_pool, ledger_pool;
  PostgresRunStore runs;
  PostgresJobStore jobs;
  ConfigCatalog catalog;
  RegistryClient registry;
  const std::unique_ptr<sensordata::SensorSource> sensors;
  const TrainingTools tools;
  RunCreation creation;
  TrainingService service;
  Worker worker;
  std::unique_ptr<fleetcast::rpc::Server> server;
};

Trainer::Trainer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Trainer::~Trainer() { Drain(); }

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Start(const TrainerSettings& settings) {
  FLEETCAST_ASSIGN_OR_RETURN(auto source, sensordata::OpenSensorSource(settings.sensors));
  forecast::StartLogged();
  auto parts = std::make_unique<Parts>(settings, std::move(source));
  FLEETCAST_RETURN_IF_ERROR(db::CheckSchemaVersion(parts->api_pool, kSchema,
                                                   db::trainerMigrations(), kLeastSchemaVersion));
  FLEETCAST_ASSIGN_OR_RETURN(
      parts->server,
      fleetcast::rpc::Server::Start({.listen = settings.listen, .draining = &parts->draining},
                                    {&parts->service}));
  parts->worker.Start();
  LogInfo("serving", {{"address", parts->server->address()},
                      {"replica", settings.worker.replica},
                      {"environment", settings.worker.environment},
                      {"slots", absl::StrCat(settings.worker.slots)}});
  return std::unique_ptr<Trainer>(new Trainer(std::move(parts)));
}

std::string Trainer::address() const { return parts_->server->address(); }

void Trainer::Drain() {
  // Both at once: jobs are handed back while running calls end.
  std::thread server([this] { parts_->server->Drain(); });
  parts_->worker.Stop();
  server.join();
}

}  // namespace fleetcast::trainer
