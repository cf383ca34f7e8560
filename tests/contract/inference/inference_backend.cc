#include "tests/contract/inference/inference_backend.h"

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/db/migrator.h"
#include "services/inference/storage/postgres_deployment_store.h"
#include "services/inference/storage/postgres_forecast_store.h"
#include "services/inference/storage/postgres_invocation_store.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/postgres_sweep_store.h"
#include "services/inference/storage/rows.h"
#include "tests/support/inference/fake_inference.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {
namespace {

class FakeBackend final : public InferenceBackend {
 public:
  DeploymentStore& deployments() override { return deployments_; }
  SweepStore& sweeps() override { return sweeps_; }
  InvocationStore& invocations() override { return invocations_; }
  ScheduleStore& schedules() override { return schedules_; }
  ForecastStore& forecasts() override { return forecasts_; }
  void PassTime(absl::Duration duration) override { clock_.Advance(duration); }

 private:
  testing::FakeClock clock_;
  FakeLedger ledger_{clock_};
  FakeDeploymentStore deployments_{ledger_};
  FakeSweepStore sweeps_{ledger_};
  FakeInvocationStore invocations_{ledger_};
  FakeScheduleStore schedules_{ledger_};
  FakeForecastStore forecasts_{ledger_};
};

class PostgresBackend final : public InferenceBackend {
 public:
  PostgresBackend() : pool_({.dsn = testing::NewDatabase(), .size = 20}) {
    const absl::Status migrated = db::Migrate(pool_, "inference", db::inferenceMigrations());
    EXPECT_TRUE(migrated.ok()) << migrated;
  }
  DeploymentStore& deployments() override { return deployments_; }
  SweepStore& sweeps() override { return sweeps_; }
  InvocationStore& invocations() override { return invocations_; }
  ScheduleStore& schedules() override { return schedules_; }
  ForecastStore& forecasts() override { return forecasts_; }
  // The database's clock cannot be moved, so what is compared with it is.
  void PassTime(absl::Duration duration) override {
    const absl::Status passed = db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
      const std::string seconds = SecondsOf(duration);
      Run(work,
          "UPDATE inference.invocations SET"
          " lease_expires = lease_expires - $1::double precision * interval '1 second',"
          " attempt_expires = attempt_expires - $1::double precision * interval '1 second',"
          " ready_time = ready_time - $1::double precision * interval '1 second'",
          {seconds});
      Run(work,
          "UPDATE inference.schedules SET"
          " next_tick = next_tick - $1::double precision * interval '1 second'",
          {seconds});
      return absl::OkStatus();
    });
    EXPECT_TRUE(passed.ok()) << passed;
  }

 private:
  db::ConnectionPool pool_;
  PostgresDeploymentStore deployments_{pool_};
  PostgresSweepStore sweeps_{pool_};
  PostgresInvocationStore invocations_{pool_};
  PostgresScheduleStore schedules_{pool_};
  PostgresForecastStore forecasts_{pool_};
};

}  // namespace

std::unique_ptr<InferenceBackend> MakeFakeBackend() { return std::make_unique<FakeBackend>(); }
std::unique_ptr<InferenceBackend> MakePostgresBackend() {
  return std::make_unique<PostgresBackend>();
}

MutatingRequest InferenceContract::Request(const std::string& key) {
  const std::string hash = Sha256Hex(key);
  return {.request_id =
              absl::StrCat(hash.substr(0, 8), "-", hash.substr(8, 4), "-4", hash.substr(13, 3),
                           "-8", hash.substr(17, 3), "-", hash.substr(20, 12)),
          .method = "Test",
          .fingerprint = hash};
}

Deployment InferenceContract::Of(const CircuitId& circuit, std::int64_t version) {
  Deployment deployment;
  deployment.circuit = circuit;
  deployment.model_version = version;
  deployment.artifact_sha256 = std::string(64, 'a');
  deployment.environment = "environments/custom-lstm-env/versions/1.5.0";
  deployment.settings = {.plant_display_name = "Plant " + circuit.plant_id,
                         .display_name = "Circuit \"" + circuit.circuit_id + "\"",
                         .compute = "Standard_DS3_v2",
                         .instance_count = 1,
                         .mini_batch_size = 100,
                         .max_concurrency_per_instance = 1,
                         .timeout = absl::Minutes(60),
                         .error_threshold = -1,
                         .max_retries = 2,
                         .sensor_id = "SENSOR_" + circuit.plant_id + "_" + circuit.circuit_id,
                         .commit = "abc123"};
  deployment.environment_variables = {{"PLANT_ID", circuit.plant_id},
                                      {"CIRCUIT_ID", circuit.circuit_id}};
  deployment.tags = {{"plant_id", circuit.plant_id}, {"model_version", absl::StrCat(version)}};
  return deployment;
}

void InferenceContract::Deploy(const CircuitId& circuit, std::int64_t version) {
  const auto deployed = backend_->deployments().Deploy(NewRequest(), Of(circuit, version), "");
  ASSERT_TRUE(deployed.ok()) << deployed.status();
}

void InferenceContract::DeployFleet() {
  Deploy({"P001", "C001"});
  Deploy({"P001", "C002"});
  Deploy({"P002", "C001"});
}

Sweep InferenceContract::InvokeFleet(const std::string& id) {
  const auto sweep = backend_->sweeps().Create(NewRequest(), {.id = id});
  EXPECT_TRUE(sweep.ok()) << sweep.status();
  return sweep.value_or(Sweep{});
}

Forecast InferenceContract::ForecastOf(const Invocation& invocation, double first_value,
                                       int horizon) {
  Forecast forecast{.circuit = invocation.name.circuit,
                    .issue_time = absl::FromUnixSeconds(1'765'321'200),
                    .model_version = invocation.pin.model_version,
                    .target_column = "temperature",
                    .interval_levels = {80, 97.5},
                    .points = {},
                    .sweep_id = invocation.name.sweep_id,
                    .create_time = {}};
  for (int step = 1; step <= horizon; ++step) {
    const double value = first_value + 0.1 * step;
    forecast.points.push_back({.time = forecast.issue_time + step * absl::Hours(1),
                               .value = value,
                               .lower = {value - 1, value - 2},
                               .upper = {value + 1, value + 2e-17}});
  }
  return forecast;
}

Invocation InferenceContract::Claim(const std::string& worker) {
  const auto claimed = backend_->invocations().Claim(worker, absl::Seconds(30));
  EXPECT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_TRUE(claimed.ok() && claimed->has_value()) << "there was nothing to claim";
  if (!claimed.ok() || !claimed->has_value()) return {};
  return **claimed;
}

Invocation InferenceContract::Get(const InvocationName& name) {
  const auto found = backend_->sweeps().GetInvocation(name);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.value_or(Invocation{});
}

INSTANTIATE_TEST_SUITE_P(On, InferenceContract,
                         ::testing::Values(BackendMake{"Fake", MakeFakeBackend},
                                           BackendMake{"Postgres", MakePostgresBackend}),
                         [](const auto& make) { return make.param.name; });

}  // namespace fleetcast::inference
