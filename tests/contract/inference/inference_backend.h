// The stores on a real Postgres, with the words that their tests share.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/base/id.h"
#include "common/db/connection_pool.h"
#include "common/workqueue/queue.h"
#include "services/inference/storage/postgres_deployment_store.h"
#include "services/inference/storage/postgres_forecast_store.h"
#include "services/inference/storage/postgres_schedule_store.h"
#include "services/inference/storage/postgres_sweep_store.h"
#include "services/inference/storage/sweep_rows.h"
#include "tests/support/test_database.h"

namespace fleetcast::inference {

class InferenceContract : public ::testing::Test {
 protected:
  InferenceContract();

  // A request of its own for every call; the same `key` gives the same request.
  static MutatingRequest Request(const std::string& key);
  MutatingRequest NewRequest() { return Request("request " + std::to_string(++requests_)); }

  static Deployment Of(const CircuitId& circuit, std::int64_t version = 1);
  void Deploy(const CircuitId& circuit, std::int64_t version = 1);
  void DeployFleet();  // P001/C001, P001/C002, P002/C001
  Sweep InvokeFleet();
  static Forecast ForecastOf(const CircuitId& circuit, std::int64_t version,
                             const std::string& sweep_id, double first_value = 1, int horizon = 3);
  void Store(const Forecast& forecast);
  // The next invocation; fails the test if there is none.
  workqueue::FetchedTask Fetch();
  // Whether it was held.
  bool Succeed(const workqueue::FetchedTask& task);
  bool Fail(const workqueue::FetchedTask& task);
  // Makes all ticks come nearer: the database's clock cannot be moved, so what is compared with it
  // is.
  void PassTime(absl::Duration duration);

  db::ConnectionPool pool_{{.dsn = testing::NewDatabase(), .size = 20}};
  RandomIdSource ids_;
  workqueue::Queue queue_{ForecastingQueueOptions(), pool_, pool_};
  PostgresDeploymentStore deployments_{pool_};
  PostgresSweepStore sweeps_{queue_, ids_};
  PostgresScheduleStore schedules_{pool_, queue_, ids_};
  PostgresForecastStore forecasts_{pool_};

 private:
  int requests_ = 0;
};

}  // namespace fleetcast::inference
