#include "tests/contract/inference/inference_backend.h"

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::db {
std::vector<Migration> inferenceMigrations();
}

namespace fleetcast::inference {

InferenceContract::InferenceContract() {
  const absl::Status migrated = db::Migrate(pool_, "inference", db::inferenceMigrations());
  EXPECT_TRUE(migrated.ok()) << migrated;
}

void InferenceContract::PassTime(absl::Duration duration) {
  const absl::Status passed = db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    inference::Run(work,
                   "UPDATE inference.schedules SET"
                   " next_tick = next_tick - $1::double precision * interval '1 second',"
                   " due_time = due_time - $1::double precision * interval '1 second'",
                   {SecondsOf(duration)});
    return absl::OkStatus();
  });
  EXPECT_TRUE(passed.ok()) << passed;
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
  const auto deployed = deployments_.Deploy(NewRequest(), Of(circuit, version), "");
  ASSERT_TRUE(deployed.ok()) << deployed.status();
}

void InferenceContract::DeployFleet() {
  Deploy({"P001", "C001"});
  Deploy({"P001", "C002"});
  Deploy({"P002", "C001"});
}

Sweep InferenceContract::InvokeFleet() {
  const auto sweep = sweeps_.Create(NewRequest(), {});
  EXPECT_TRUE(sweep.ok()) << sweep.status();
  return sweep.value_or(Sweep{});
}

Forecast InferenceContract::ForecastOf(const CircuitId& circuit, std::int64_t version,
                                       const std::string& sweep_id, double first_value,
                                       int horizon) {
  Forecast forecast{.circuit = circuit,
                    .issue_time = absl::FromUnixSeconds(1'765'321'200),
                    .model_version = version,
                    .target_column = "temperature",
                    .interval_levels = {80, 97.5},
                    .points = {},
                    .remarks = {},
                    .sweep_id = sweep_id,
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

void InferenceContract::Store(const Forecast& forecast) {
  const absl::Status stored = db::RunInTransaction(pool_, [&](pqxx::work& work) {
    StoreForecasts(work, {forecast});
    return absl::OkStatus();
  });
  ASSERT_TRUE(stored.ok()) << stored;
}

workqueue::FetchedTask InferenceContract::Fetch() {
  const auto fetched = queue_.Fetch(
      {.holder = "replica", .pool = kForecastingQueue, .most = 1, .lease = absl::Seconds(30)});
  EXPECT_TRUE(fetched.ok()) << fetched.status();
  EXPECT_TRUE(fetched.ok() && !fetched->empty()) << "there was nothing to fetch";
  return fetched.ok() && !fetched->empty() ? fetched->front() : workqueue::FetchedTask{};
}

bool InferenceContract::Succeed(const workqueue::FetchedTask& task) {
  const auto held = queue_.SucceedAll({{task.hold(), "{}", ""}});
  EXPECT_TRUE(held.ok()) << held.status();
  return held.ok() && held->front();
}

bool InferenceContract::Fail(const workqueue::FetchedTask& task) {
  const auto held = queue_.End(
      {{task.hold(), workqueue::Ending::kFailed,
        workqueue::Failure{
            .kind = workqueue::FailureKind::kData, .reason = "DATA_STALE", .message = "old"}}});
  EXPECT_TRUE(held.ok()) << held.status();
  return held.ok() && held->front();
}

}  // namespace fleetcast::inference
