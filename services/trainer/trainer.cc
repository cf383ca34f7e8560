#include "services/trainer/trainer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/db/connection_pool.h"
#include "common/db/duties.h"
#include "common/db/migrator.h"
#include "common/db/request_ledger.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/workqueue/duties.h"
#include "common/workqueue/pools.h"
#include "common/workqueue/rpc/work_queue_service.h"
#include "common/workqueue/worker.h"
#include "services/trainer/adapters/config_catalog.h"
#include "services/trainer/adapters/registry_client.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/rpc/training_service.h"
#include "services/trainer/storage/postgres_run_store.h"
#include "services/trainer/storage/training_queue.h"
#include "services/trainer/worker/training_attempt.h"
#include "services/trainer/worker/training_runner.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::trainer {
namespace {

// The oldest schema that this program works with.
constexpr int kLeastSchemaVersion = 2;
constexpr absl::Duration kEnvironmentRetry = absl::Seconds(10);
constexpr absl::Duration kDrainPatience = absl::Seconds(15);

// A renewal that hangs must have failed long before its lease runs out.
db::PoolOptions LeasePool(const TrainerSettings& settings) {
  const absl::Duration patience =
      std::clamp(settings.lease / 6, absl::Milliseconds(500), absl::Seconds(5));
  return {.dsn = settings.database,
          .size = 4,
          .acquire_timeout = patience,
          .connect_timeout = patience,
          .statement_timeout = patience,
          .lock_timeout = patience,
          .application_name = "fleetcast-trainer-leases"};
}

workqueue::WorkerOptions TrainingWorker(const TrainerSettings& settings) {
  return {.holder = settings.replica,
          .pool = workqueue::EnvironmentPool(settings.environment),
          .dsn = settings.database,
          .slots = settings.slots,
          .lease = settings.lease,
          .poll = settings.poll};
}

workqueue::WorkerOptions ClosingWorker(const TrainerSettings& settings) {
  return {.holder = settings.replica,
          .pool = kClosingQueue,
          .slots = std::min(settings.slots, 1),
          .poll = absl::Seconds(30)};
}

// "trainingRuns/{id}" or "trainingRuns/{id}/jobs/P001.C001".
absl::StatusOr<workqueue::Selection> SelectionOf(const std::string& field,
                                                 const std::string& name) {
  if (name.find("/jobs/") == std::string::npos) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string run_id, ParseRun(field, name));
    return workqueue::Selection{.group_id = run_id};
  }
  FLEETCAST_ASSIGN_OR_RETURN(const JobName job, ParseJob(field, name));
  return workqueue::Selection{.group_id = job.run_id, .name = job.job_id};
}

std::vector<db::Duty> DutiesOf(const TrainerSettings& settings, workqueue::Queue& training,
                               workqueue::Queue& closing) {
  std::vector<db::Duty> duties = workqueue::DutiesOf(training, settings.keep_runs);
  for (db::Duty& duty : workqueue::DutiesOf(closing, absl::Hours(24 * 7)))
    duties.push_back(std::move(duty));
  duties.push_back(db::RequestRetention(kSchema, settings.keep_requests));
  return duties;
}

}  // namespace

struct Trainer::Parts {
  Parts(const TrainerSettings& settings, std::unique_ptr<sensordata::SensorSource> source)
      : api_pool({.dsn = settings.database, .application_name = "fleetcast-trainer"}),
        lease_pool(LeasePool(settings)),
        maintenance_pool({.dsn = settings.database,
                          .size = 2,
                          .application_name = "fleetcast-trainer-maintenance"}),
        catalog(fleetcast::rpc::Connect(settings.config_target)),
        registry(fleetcast::rpc::Connect(settings.registry_target)),
        sensors(std::move(source)),
        tools{.sensors = *sensors,
              .registry = registry,
              .clock = clock,
              .confirm_held = workqueue::ConfirmWith(training, clock, settings.lease)},
        creation(runs, catalog, settings.max_attempts),
        service(creation, runs, clock, draining),
        worker(TrainingWorker(settings), training, clock, TrainJobs(tools, settings.replica)),
        closer(ClosingWorker(settings), closing, clock, CloseRuns(registry)) {}

  SystemClock clock;
  RandomIdSource ids;
  Notification draining;
  db::ConnectionPool api_pool, lease_pool, maintenance_pool;
  workqueue::Queue closing{ClosingQueueOptions(), api_pool, lease_pool};
  workqueue::Queue training{TrainingQueueOptions(closing), api_pool, lease_pool};
  PostgresRunStore runs{training, ids};
  ConfigCatalog catalog;
  RegistryClient registry;
  const std::unique_ptr<sensordata::SensorSource> sensors;
  const TrainingTools tools;
  RunCreation creation;
  TrainingService service;
  workqueue::WorkQueueService queue_service{training, SelectionOf};
  workqueue::Worker worker, closer;
  std::unique_ptr<db::Duties> duties;
  std::unique_ptr<fleetcast::rpc::Server> server;
  std::thread environment;

  void RegisterEnvironment(const TrainerSettings& settings);
};

// The registry may be away when a replica starts.
void Trainer::Parts::RegisterEnvironment(const TrainerSettings& settings) {
  const std::string request_id = ids.NewUuid();
  do {
    const absl::Status registered =
        registry.RegisterEnvironment(request_id, settings.environment, EnvironmentProperties());
    if (registered.ok()) return LogInfo("environment registered", {{"name", settings.environment}});
    LogWarning("the environment could not be registered",
               {{"name", settings.environment}, {"error", std::string(registered.message())}});
    if (!IsTransient(registered)) return;
  } while (!clock.SleepUnlessStopped(kEnvironmentRetry, draining));
}

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
                                    {&parts->service, &parts->queue_service}));
  parts->worker.Start();
  parts->closer.Start();
  if (settings.slots > 0)
    parts->environment =
        std::thread([&parts = *parts, settings] { parts.RegisterEnvironment(settings); });
  parts->duties =
      std::make_unique<db::Duties>(parts->maintenance_pool, kSchema, settings.replica, parts->clock,
                                   DutiesOf(settings, parts->training, parts->closing));
  LogInfo("serving", {{"address", parts->server->address()},
                      {"replica", settings.replica},
                      {"environment", settings.environment},
                      {"slots", absl::StrCat(settings.slots)}});
  return std::unique_ptr<Trainer>(new Trainer(std::move(parts)));
}

std::string Trainer::address() const { return parts_->server->address(); }

void Trainer::Drain() {
  // All at once: jobs are handed back while running calls end.
  parts_->worker.BeginDrain();
  parts_->closer.BeginDrain();
  parts_->server->Drain();
  if (parts_->environment.joinable()) parts_->environment.join();
  for (workqueue::Worker* const worker : {&parts_->worker, &parts_->closer})
    if (!worker->Drain(kDrainPatience))
      LogWarning("some work has not stopped yet; its lease runs out if the process is ended now");
  parts_->duties.reset();
}

}  // namespace fleetcast::trainer
