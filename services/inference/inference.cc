#include "services/inference/inference.h"

#include <optional>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/db/migrator.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/service/dependencies.h"
#include "services/inference/adapters/config_catalog.h"
#include "services/inference/adapters/model_forecaster.h"
#include "services/inference/adapters/registry_client.h"
#include "services/inference/domain/ticker.h"
#include "services/inference/rpc/batch_endpoint_service.h"
#include "services/inference/rpc/forecast_service.h"
#include "services/inference/rpc/invocation_service.h"
#include "services/inference/rpc/schedule_service.h"
#include "services/inference/storage/postgres_deployment_store.h"
#include "services/inference/storage/postgres_forecast_store.h"
#include "services/inference/storage/postgres_invocation_store.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/postgres_sweep_store.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

// The oldest schema that this program works with; raised with the first use of something newer.
constexpr int kLeastSchemaVersion = 1;

class Inference final : public service::Service {
 public:
  Inference(const InferenceSettings& settings, std::unique_ptr<sensordata::SensorSource> sensors)
      : settings_(settings), source_(std::move(sensors)) {}

  absl::Status CheckSchema() {
    return db::CheckSchemaVersion(pool_, "inference", db::inferenceMigrations(),
                                  kLeastSchemaVersion);
  }

  std::vector<grpc::Service*> grpc_services() override {
    return {&endpoint_service_, &invocation_service_, &schedule_service_, &forecast_service_};
  }
  std::vector<service::Dependency> dependencies() override {
    std::vector<service::Dependency> all = {
        service::OwnPostgres(settings_.database.dsn),
        service::CalledService("config", settings_.config_target),
        service::CalledService("registry", settings_.registry_target)};
    if (settings_.sensors.kind == "postgres")
      all.push_back(service::ReadPostgres("sensors", settings_.sensors.data));
    return all;
  }
  LogFields description() const override { return {{"replica", settings_.worker.name}}; }
  void StartWork() override {
    ticker_.emplace(schedules_, ids_, clock_, settings_.tick_interval);
    if (settings_.slots > 0) worker_threads_.emplace(worker_, clock_, settings_.slots);
  }
  void StopWork() override {
    worker_.Drain();  // before anything is waited for
    ticker_.reset();
    worker_threads_.reset();
  }

 private:
  const InferenceSettings settings_;
  SystemClock clock_;
  RandomIdSource ids_;
  db::ConnectionPool pool_{settings_.database};
  PostgresDeploymentStore deployments_{pool_};
  PostgresSweepStore sweeps_{pool_};
  PostgresInvocationStore invocations_{pool_};
  PostgresScheduleStore schedules_{pool_};
  PostgresForecastStore forecasts_{pool_};
  const std::unique_ptr<sensordata::SensorSource> source_;
  RegistryClient registry_{rpc::ConnectDependency("registry", settings_.registry_target)};
  ConfigCatalog catalog_{rpc::ConnectDependency("config", settings_.config_target)};
  ModelCache models_{registry_, settings_.model_cache_bytes};
  ModelForecaster forecaster_{*source_, models_, clock_, settings_.max_data_age};
  InvocationWorker worker_{invocations_, forecaster_, clock_, settings_.worker};
  Deployer deployer_{registry_, catalog_, deployments_};

  BatchEndpointService endpoint_service_{deployer_, deployments_};
  InvocationService invocation_service_{sweeps_, ids_, clock_, draining()};
  ScheduleService schedule_service_{schedules_, ids_};
  ForecastService forecast_service_{forecasts_, draining()};
  std::optional<WorkerThreads> worker_threads_;
  std::optional<Ticker> ticker_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<service::Service>> MakeInference(const InferenceSettings& settings) {
  FLEETCAST_ASSIGN_OR_RETURN(auto source, sensordata::OpenSensorSource(settings.sensors));
  auto inference = std::make_unique<Inference>(settings, std::move(source));
  FLEETCAST_RETURN_IF_ERROR(inference->CheckSchema());
  forecast::StartLogged();
  return inference;
}

}  // namespace fleetcast::inference
