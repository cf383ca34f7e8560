#include "services/inference/inference.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/db/duties.h"
#include "common/db/migrator.h"
#include "common/db/request_ledger.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/service/dependencies.h"
#include "common/workqueue/duties.h"
#include "common/workqueue/rpc/work_queue_service.h"
#include "common/workqueue/worker.h"
#include "services/inference/adapters/config_catalog.h"
#include "services/inference/adapters/model_forecaster.h"
#include "services/inference/adapters/registry_client.h"
#include "services/inference/adapters/trainer_client.h"
#include "services/inference/domain/reconciler.h"
#include "services/inference/domain/releaser.h"
#include "services/inference/domain/tick.h"
#include "services/inference/domain/ticker.h"
#include "services/inference/rpc/batch_endpoint_service.h"
#include "services/inference/rpc/forecast_service.h"
#include "services/inference/rpc/invocation_service.h"
#include "services/inference/rpc/release_service.h"
#include "services/inference/rpc/schedule_service.h"
#include "services/inference/storage/forecast_partitions.h"
#include "services/inference/storage/postgres_backfill_store.h"
#include "services/inference/storage/postgres_deployment_store.h"
#include "services/inference/storage/postgres_followed_branch_store.h"
#include "services/inference/storage/postgres_forecast_store.h"
#include "services/inference/storage/postgres_release_store.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/postgres_sweep_store.h"
#include "services/inference/storage/rows.h"
#include "services/inference/storage/sweep_rows.h"
#include "services/inference/worker/backfill_runner.h"
#include "services/inference/worker/forecast_runner.h"
#include "services/inference/worker/reconcile_runner.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

// As many circuits as the registry is asked about at once.
constexpr int kStepsOfBatch = 200;
// Steps are rare, and whoever makes one wakes the workers.
constexpr absl::Duration kLookForStepsEvery = absl::Seconds(12);
// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 17;

workqueue::WorkerOptions ForecastingWorker(const InferenceSettings& settings) {
  return {.holder = settings.replica,
          .pool = kForecastingQueue,
          .dsn = settings.database.dsn,
          .slots = settings.slots,
          .batch = settings.batch,
          .lease = settings.lease,
          .poll = settings.poll};
}

// Of the backfills of one pool. A replica is known by one name for each.
workqueue::WorkerOptions BackfillWorker(const InferenceSettings& settings,
                                        const std::string& pool) {
  return {.holder = absl::StrCat(settings.replica, "-", pool),
          .pool = pool,
          .dsn = settings.database.dsn,
          .slots = settings.backfill_slots,
          .batch = 1,
          .lease = settings.lease,
          .poll = kLookForStepsEvery};
}

std::vector<std::string> BackfillPools(const InferenceSettings& settings) {
  if (settings.backfill_slots == 0) return {};
  if (settings.compute_instance_types.empty()) return {kBackfillPool};
  std::vector<std::string> pools;
  pools.reserve(settings.compute_instance_types.size());
  for (const std::string& type : settings.compute_instance_types)
    pools.push_back(ComputePool(type));
  return pools;
}

workqueue::WorkerOptions ReleasingWorker(const InferenceSettings& settings) {
  return {.holder = settings.replica,
          .pool = kReleasingQueue,
          .dsn = settings.database.dsn,
          .slots = settings.slots > 0 ? 1 : 0,
          .batch = kStepsOfBatch,
          .lease = settings.lease,
          .poll = kLookForStepsEvery};
}

// "sweeps/{id}" or "sweeps/{id}/invocations/P001.C001".
absl::StatusOr<workqueue::Selection> SelectionOf(const std::string& field,
                                                 const std::string& name) {
  if (name.find("/invocations/") == std::string::npos) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string sweep_id, ParseSweep(field, name));
    return workqueue::Selection{.group_id = sweep_id};
  }
  FLEETCAST_ASSIGN_OR_RETURN(const InvocationName invocation, ParseInvocation(field, name));
  return workqueue::Selection{.group_id = invocation.sweep_id,
                              .name = CircuitKey(invocation.circuit)};
}

class Inference final : public service::Service {
 public:
  Inference(const InferenceSettings& settings, std::unique_ptr<sensordata::SensorSource> sensors)
      : settings_(settings), source_(std::move(sensors)) {}

  absl::Status CheckSchema() {
    return db::CheckSchemaVersion(pool_, kSchema, db::inferenceMigrations(), kLeastSchemaVersion);
  }

  std::vector<grpc::Service*> grpc_services() override {
    return {&endpoint_service_, &invocation_service_, &schedule_service_,
            &forecast_service_, &release_service_,    &queue_service_};
  }
  std::vector<service::Dependency> dependencies() override {
    auto dependencies =
        service::DependenciesOfFleetWork(settings_.database.dsn, settings_.config_target,
                                         settings_.registry_target, settings_.sensors);
    dependencies.push_back(service::CalledService("trainer", settings_.trainer_target));
    return dependencies;
  }
  LogFields description() const override { return {{"replica", settings_.replica}}; }
  void StartWork() override {
    ticker_.emplace(schedules_, clock_, settings_.tick_interval);
    worker_.Start();
    releasing_worker_.Start();
    const int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    for (const std::string& pool : BackfillPools(settings_)) {
      backfill_workers_.push_back(std::make_unique<workqueue::Worker>(
          BackfillWorker(settings_, pool), queue_, clock_,
          BackfillCircuits(forecaster_, backfills_, clock_, threads)));
      backfill_workers_.back()->Start();
    }
    duties_ = std::make_unique<db::Duties>(maintenance_pool_, kSchema, settings_.replica, clock_,
                                           DutiesOfInference());
  }
  void StopWork() override {
    // Before anything is waited for.
    worker_.BeginDrain();
    releasing_worker_.BeginDrain();
    for (const auto& worker : backfill_workers_) worker->BeginDrain();
    if (ticker_) ticker_->Stop();
    duties_.reset();
    worker_.Drain(absl::InfiniteDuration());
    releasing_worker_.Drain(absl::InfiniteDuration());
    for (const auto& worker : backfill_workers_) worker->Drain(absl::InfiniteDuration());
    ticker_.reset();
  }

 private:
  std::vector<db::Duty> DutiesOfInference() {
    std::vector<db::Duty> duties = workqueue::DutiesOf(
        {{queue_, settings_.keep_sweeps}, {releasing_, settings_.keep_releases}});
    duties.push_back({.name = "end pins whose time is over",
                      .every = absl::Seconds(30),
                      .run = [this](db::ConnectionPool& pool) { return releases_.EndPins(pool); },
                      .longest = absl::Minutes(1)});
    duties.push_back(FollowDuty(settings_.release_branch, follower_, followed_branch_));
    duties.push_back({.name = "make partitions of forecasts",
                      .every = absl::Minutes(30),
                      .run = EnsureForecastPartitions,
                      .longest = absl::Minutes(2)});
    duties.push_back({.name = "drop old forecasts",
                      .every = absl::Hours(6),
                      .run = [keep = settings_.keep_forecasts](
                                 db::ConnectionPool& pool) { return DropOldForecasts(pool, keep); },
                      .longest = absl::Minutes(2)});
    duties.push_back(db::RequestRetention(kSchema, settings_.keep_requests));
    return duties;
  }

  const InferenceSettings settings_;
  SystemClock clock_;
  RandomIdSource ids_;
  db::ConnectionPool pool_{settings_.database};
  db::ConnectionPool lease_pool_{workqueue::LeasePoolOptions(
      settings_.database.dsn, "fleetcast-inference-leases", settings_.lease)};
  db::ConnectionPool maintenance_pool_{{.dsn = settings_.database.dsn,
                                        .size = 2,
                                        .application_name = "fleetcast-inference-maintenance"}};
  workqueue::Queue queue_{ForecastingQueueOptions(), pool_, lease_pool_};
  workqueue::Queue releasing_{ReleasingQueueOptions(), pool_, lease_pool_};
  PostgresDeploymentStore deployments_{pool_};
  PostgresReleaseStore releases_{releasing_, ids_, settings_.forecast_late_after};
  PostgresSweepStore sweeps_{queue_, ids_, settings_.keep_forecasts};
  PostgresBackfillStore backfills_{pool_};
  PostgresScheduleStore schedules_{pool_, queue_, ids_};
  PostgresForecastStore forecasts_{pool_};
  const std::unique_ptr<sensordata::SensorSource> source_;
  RegistryClient registry_{rpc::ConnectDependency("registry", settings_.registry_target)};
  ConfigCatalog catalog_{rpc::ConnectDependency("config", settings_.config_target)};
  ModelCache models_{registry_, settings_.model_cache_bytes};
  ModelForecaster forecaster_{*source_, models_, clock_, settings_.max_data_age};
  TrainerClient trainer_{rpc::ConnectDependency("trainer", settings_.trainer_target)};
  Deployer deployer_{registry_, catalog_, deployments_};
  Releaser releaser_{registry_, catalog_, releases_};
  Reconciler reconciler_{registry_, trainer_, releases_};
  PostgresFollowedBranchStore followed_branch_{maintenance_pool_};
  BranchFollower follower_{settings_.release_branch, catalog_, releaser_, releases_,
                           followed_branch_};

  BatchEndpointService endpoint_service_{deployer_, deployments_};
  InvocationService invocation_service_{sweeps_, clock_, draining()};
  ScheduleService schedule_service_{schedules_};
  ForecastService forecast_service_{forecasts_, draining()};
  ReleaseService release_service_{releaser_, releases_, clock_, draining()};
  workqueue::WorkQueueService queue_service_{queue_, SelectionOf};
  workqueue::Worker worker_{ForecastingWorker(settings_), queue_, clock_,
                            ForecastCircuits(forecaster_, clock_)};
  workqueue::Worker releasing_worker_{
      ReleasingWorker(settings_), releasing_, clock_,
      ReconcileCircuits(reconciler_, workqueue::ConfirmWith(releasing_, clock_, settings_.lease))};
  std::vector<std::unique_ptr<workqueue::Worker>> backfill_workers_;  // one for each pool
  std::optional<Ticker> ticker_;
  std::unique_ptr<db::Duties> duties_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<service::Service>> MakeInference(const InferenceSettings& settings) {
  FLEETCAST_RETURN_IF_ERROR(CheckTimeZoneDatabase());
  FLEETCAST_ASSIGN_OR_RETURN(auto source, sensordata::OpenSensorSource(settings.sensors));
  auto inference = std::make_unique<Inference>(settings, std::move(source));
  FLEETCAST_RETURN_IF_ERROR(inference->CheckSchema());
  forecast::StartLogged();
  return inference;
}

}  // namespace fleetcast::inference
