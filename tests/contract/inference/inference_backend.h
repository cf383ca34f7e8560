// The stores under contract, in two makes: in memory and on real Postgres.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "services/inference/domain/deployment_store.h"
#include "services/inference/domain/forecast_store.h"
#include "services/inference/domain/invocation_store.h"
#include "services/inference/domain/schedule_store.h"
#include "services/inference/domain/sweep_store.h"

namespace fleetcast::inference {

class InferenceBackend {
 public:
  virtual ~InferenceBackend() = default;
  virtual DeploymentStore& deployments() = 0;
  virtual SweepStore& sweeps() = 0;
  virtual InvocationStore& invocations() = 0;
  virtual ScheduleStore& schedules() = 0;
  virtual ForecastStore& forecasts() = 0;
  // Makes all leases, timeouts, waits and ticks come nearer by `duration`.
  virtual void PassTime(absl::Duration duration) = 0;
};

[[nodiscard]] std::unique_ptr<InferenceBackend> MakeFakeBackend();
[[nodiscard]] std::unique_ptr<InferenceBackend> MakePostgresBackend();

struct BackendMake {
  const char* name;
  std::unique_ptr<InferenceBackend> (*make)();
};

// The suite that runs on both, with the words that its cases share. Its cases stand in the files
// of this folder, one per port.
class InferenceContract : public ::testing::TestWithParam<BackendMake> {
 protected:
  InferenceContract() : backend_(GetParam().make()) {}

  // A request of its own for every call; the same `key` gives the same request.
  static MutatingRequest Request(const std::string& key);
  MutatingRequest NewRequest() { return Request("request " + std::to_string(++requests_)); }

  static Deployment Of(const CircuitId& circuit, std::int64_t version = 1);
  void Deploy(const CircuitId& circuit, std::int64_t version = 1);
  void DeployFleet();  // P001/C001, P001/C002, P002/C001
  Sweep InvokeFleet(const std::string& id);
  static Forecast ForecastOf(const Invocation& invocation, double first_value = 1, int horizon = 3);
  // The next invocation; fails the test if there is none.
  Invocation Claim(const std::string& worker = "worker");
  Invocation Get(const InvocationName& name);

  std::unique_ptr<InferenceBackend> backend_;

 private:
  int requests_ = 0;
};

}  // namespace fleetcast::inference
