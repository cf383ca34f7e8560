#include "services/trainer/trainer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "common/db/duties.h"
#include "common/db/migrator.h"
#include "common/db/request_ledger.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/service/dependencies.h"
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

// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 7;
constexpr absl::Duration kEnvironmentRetry = absl::Seconds(10);
constexpr absl::Duration kKeepClosings = absl::Hours(24 * 7);

workqueue::WorkerOptions TrainingWorker(const TrainerSettings& settings) {
  return {.holder = settings.replica,
          .pool = workqueue::EnvironmentPool(settings.environment),
          .dsn = settings.database.dsn,
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

class Trainer final : public service::Service {
 public:
  Trainer(const TrainerSettings& settings, std::unique_ptr<sensordata::SensorSource> source)
      : settings_(settings),
        sensors_(std::move(source)),
        tools_{.sensors = *sensors_,
               .registry = registry_,
               .circuits = catalog_,
               .clock = clock_,
               .confirm_held = workqueue::ConfirmWith(training_, clock_, settings.lease),
               .close_later =
                   [this](const workqueue::Hold& hold, const OpenRun& open) {
                     return EnqueueEnd(closing_, hold, open);
                   }},
        worker_(TrainingWorker(settings), training_, clock_, TrainJobs(tools_, settings.replica)),
        closer_(ClosingWorker(settings), closing_, clock_, CloseRuns(registry_)) {}

  absl::Status CheckSchema() {
    return db::CheckSchemaVersion(api_pool_, kSchema, db::trainerMigrations(), kLeastSchemaVersion);
  }

  std::vector<grpc::Service*> grpc_services() override { return {&api_, &queue_api_}; }
  std::vector<service::Dependency> dependencies() override {
    return service::DependenciesOfFleetWork(settings_.database.dsn, settings_.config_target,
                                            settings_.registry_target, settings_.sensors);
  }
  LogFields description() const override {
    return {{"replica", settings_.replica},
            {"environment", settings_.environment},
            {"slots", absl::StrCat(settings_.slots)}};
  }
  void StartWork() override {
    worker_.Start();
    closer_.Start();
    if (settings_.slots > 0) environment_ = std::thread([this] { RegisterEnvironment(); });
    duties_ = std::make_unique<db::Duties>(maintenance_pool_, kSchema, settings_.replica, clock_,
                                           DutiesOfTrainer());
  }
  void StopWork() override {
    worker_.BeginDrain();
    closer_.BeginDrain();
    duties_.reset();
    if (environment_.joinable()) environment_.join();
    worker_.Drain(absl::InfiniteDuration());
    closer_.Drain(absl::InfiniteDuration());
  }

 private:
  std::vector<db::Duty> DutiesOfTrainer() {
    std::vector<db::Duty> duties =
        workqueue::DutiesOf({{training_, settings_.keep_runs}, {closing_, kKeepClosings}});
    duties.push_back(db::RequestRetention(kSchema, settings_.keep_requests));
    return duties;
  }

  // The registry may be away when a replica starts.
  void RegisterEnvironment() {
    const std::string request_id = ids_.NewUuid();
    do {
      const absl::Status registered =
          registry_.RegisterEnvironment(request_id, settings_.environment, EnvironmentProperties());
      if (registered.ok())
        return LogInfo("environment registered", {{"name", settings_.environment}});
      LogWarning("the environment could not be registered",
                 {{"name", settings_.environment}, {"error", std::string(registered.message())}});
      if (!IsTransient(registered)) return;
    } while (!clock_.SleepUnlessStopped(kEnvironmentRetry, draining()));
  }

  const TrainerSettings settings_;
  SystemClock clock_;
  RandomIdSource ids_;
  db::ConnectionPool api_pool_{settings_.database};
  db::ConnectionPool lease_pool_{workqueue::LeasePoolOptions(
      settings_.database.dsn, "fleetcast-trainer-leases", settings_.lease)};
  db::ConnectionPool maintenance_pool_{{.dsn = settings_.database.dsn,
                                        .size = 2,
                                        .application_name = "fleetcast-trainer-maintenance"}};
  workqueue::Queue closing_{ClosingQueueOptions(), api_pool_, lease_pool_};
  workqueue::Queue training_{TrainingQueueOptions(closing_), api_pool_, lease_pool_};
  PostgresRunStore runs_{training_, ids_};
  ConfigCatalog catalog_{rpc::ConnectDependency("config", settings_.config_target)};
  RegistryClient registry_{rpc::ConnectDependency("registry", settings_.registry_target)};
  const std::unique_ptr<sensordata::SensorSource> sensors_;
  const TrainingTools tools_;
  RunCreation creation_{runs_, catalog_, clock_, settings_.max_attempts};
  TrainingService api_{creation_, runs_, clock_, draining()};
  workqueue::WorkQueueService queue_api_{training_, SelectionOf};
  workqueue::Worker worker_, closer_;
  std::unique_ptr<db::Duties> duties_;
  std::thread environment_;
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
