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
#include "common/rpc/server.h"
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

}  // namespace

struct Inference::Parts {
  Parts(const InferenceSettings& settings, std::unique_ptr<sensordata::SensorSource> sensors)
      : pool({.dsn = settings.database,
              .size = settings.database_connections,
              .application_name = "fleetcast-inference"}),
        source(std::move(sensors)),
        registry(rpc::Connect(settings.registry_target)),
        catalog(rpc::Connect(settings.config_target)),
        models(registry, settings.model_cache_bytes),
        forecaster(*source, models, clock, settings.max_data_age),
        worker(invocations, forecaster, clock, settings.worker) {}

  SystemClock clock;
  RandomIdSource ids;
  db::ConnectionPool pool;
  PostgresDeploymentStore deployments{pool};
  PostgresSweepStore sweeps{pool};
  PostgresInvocationStore invocations{pool};
  PostgresScheduleStore schedules{pool};
  PostgresForecastStore forecasts{pool};
  std::unique_ptr<sensordata::SensorSource> source;
  RegistryClient registry;
  ConfigCatalog catalog;
  ModelCache models;
  ModelForecaster forecaster;
  InvocationWorker worker;
  Deployer deployer{registry, catalog, deployments};

  Notification draining;  // the server's
  BatchEndpointService endpoint_service{deployer, deployments};
  InvocationService invocation_service{sweeps, ids, clock, draining};
  ScheduleService schedule_service{schedules, ids};
  ForecastService forecast_service{forecasts, draining};
  std::unique_ptr<rpc::Server> server;
  std::optional<WorkerThreads> worker_threads;
  std::optional<Ticker> ticker;
};

Inference::Inference(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Inference::~Inference() { Drain(); }

absl::StatusOr<std::unique_ptr<Inference>> Inference::Start(const InferenceSettings& settings) {
  FLEETCAST_ASSIGN_OR_RETURN(auto source, sensordata::OpenSensorSource(settings.sensors));
  auto parts = std::make_unique<Parts>(settings, std::move(source));
  FLEETCAST_RETURN_IF_ERROR(db::CheckSchemaVersion(parts->pool, "inference",
                                                   db::inferenceMigrations(), kLeastSchemaVersion));
  forecast::StartLogged();
  FLEETCAST_ASSIGN_OR_RETURN(
      parts->server, rpc::Server::Start({.listen = settings.listen, .draining = &parts->draining},
                                        {&parts->endpoint_service, &parts->invocation_service,
                                         &parts->schedule_service, &parts->forecast_service}));
  parts->ticker.emplace(parts->schedules, parts->ids, parts->clock, settings.tick_interval);
  if (settings.slots > 0) {
    parts->worker_threads.emplace(parts->worker, parts->clock, settings.slots);
  }
  return std::unique_ptr<Inference>(new Inference(std::move(parts)));
}

std::string Inference::address() const { return parts_->server->address(); }

void Inference::Drain() {
  parts_->ticker.reset();
  // Asked at once, so that work is handed back while the server lets its calls end.
  parts_->worker.Drain();
  parts_->server->Drain();
  parts_->worker_threads.reset();
}

}  // namespace fleetcast::inference
