// Real registry and config services, a real Postgres, CSV sensor data and as many inference
// replicas as a test wants: all in one process, over real channels.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/db/connection_pool.h"
#include "common/forecast/forecast.h"
#include "common/rpc/client.h"
#include "common/service/replica.h"
#include "common/workqueue/queue.h"
#include "fleetcast/inference/v1/batch_endpoint_service.grpc.pb.h"
#include "fleetcast/inference/v1/forecast_service.grpc.pb.h"
#include "fleetcast/inference/v1/invocation_service.grpc.pb.h"
#include "fleetcast/inference/v1/schedule_service.grpc.pb.h"
#include "fleetcast/workqueue/v1/work_queue_service.grpc.pb.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/rpc/config_service.h"
#include "services/inference/inference.h"
#include "tests/integration/registry/registry_server.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::inference {

// A small trained model's file; trained once for the whole process.
[[nodiscard]] const std::string& ModelBytes();

class InferenceStack : public registry::RegistryServerTest {
 protected:
  InferenceStack();
  ~InferenceStack() override;

  // Hourly rows up to the end of 2025-12-09, for SENSOR_{plant}_{circuit}.
  void WriteSensor(const std::string& plant, const std::string& circuit);
  [[nodiscard]] std::filesystem::path SensorFile(const std::string& plant,
                                                 const std::string& circuit) const;
  // Registers a model version of the circuit with these bytes; returns its name.
  std::string Register(const std::string& plant, const std::string& circuit,
                       const std::string& bytes = ModelBytes());
  // Sensor data, a model version and a deployment for each circuit of the fleet: P001 with C001
  // and C002, P002 with C001. Returns deployment names.
  std::vector<std::string> DeployFleet();

  [[nodiscard]] InferenceSettings Settings(const std::string& replica) const;
  service::Replica& StartReplica(const InferenceSettings& settings);

  absl::StatusOr<v1::Deployment> Deploy(const std::string& model_version,
                                        const std::string& request_id = "");
  absl::StatusOr<v1::Sweep> InvokeFleet(const std::string& request_id = "");
  absl::StatusOr<v1::Sweep> Retry(const std::string& sweep);
  absl::StatusOr<v1::Invocation> GetInvocation(const std::string& name);
  // Until `done` or two minutes have passed, which fails the test.
  v1::Invocation WaitFor(const std::string& name,
                         const std::function<bool(const v1::Invocation&)>& done);
  // Fetches as a replica does that dies then.
  std::vector<workqueue::FetchedTask> Hold(int most, absl::Duration lease);
  // Runs SQL as somebody else would.
  void Sql(const std::string& sql);
  std::vector<v1::Forecast> Forecasts(bool latest_only = false,
                                      const std::string& parent = "plants/-/circuits/-");
  struct Watched {
    v1::Sweep sweep;
    std::map<std::string, v1::Invocation> invocations;  // by key, "P001.C001"
    int messages = 0;
  };
  Watched WatchToEnd(const std::string& sweep);

  const std::filesystem::path sensors_;
  config::testing::GitTestRepository git_;
  std::string commit_;
  db::ConnectionPool pool_;
  std::unique_ptr<config::GitConfigRepository> repository_;
  std::unique_ptr<config::FleetReader> reader_;
  std::unique_ptr<config::ConfigService> config_service_;
  std::unique_ptr<rpc::Server> config_server_;
  std::vector<std::unique_ptr<service::Replica>> replicas_;
  // Of the replica started first.
  std::unique_ptr<v1::BatchEndpointService::Stub> endpoints_;
  std::unique_ptr<v1::InvocationService::Stub> invocations_;
  std::unique_ptr<v1::ScheduleService::Stub> schedules_;
  std::unique_ptr<v1::ForecastService::Stub> forecasts_;
  std::unique_ptr<workqueue::v1::WorkQueueService::Stub> work_queue_;
};

}  // namespace fleetcast::inference
