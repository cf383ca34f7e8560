// Real config and registry services, a real Postgres, a real git repository and CSV files, and as
// many trainer replicas as a test wants: all in one process, over real channels.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/base/id.h"
#include "common/base/patience.h"
#include "common/db/connection_pool.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/service/replica.h"
#include "fleetcast/registry/v1/data_asset_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "fleetcast/trainer/v1/training_service.grpc.pb.h"
#include "fleetcast/workqueue/v1/work_queue_service.grpc.pb.h"
#include "services/config/domain/fleet_reader.h"
#include "services/config/git/git_repository.h"
#include "services/config/rpc/config_service.h"
#include "services/registry/service.h"
#include "services/trainer/trainer.h"
#include "tests/support/config/git_test_repository.h"

namespace fleetcast::trainer {

class TrainerStack : public ::testing::Test {
 protected:
  using Files = config::testing::Files;

  TrainerStack();
  ~TrainerStack() override;

  // Trains in well under a second.
  static std::string QuickCircuit(const std::string& plant_id, const std::string& circuit_id);
  // With kManyRows it trains for some seconds of a core, however early it stops by itself.
  static constexpr int kManyRows = 6000;
  static std::string SlowCircuit(const std::string& plant_id, const std::string& circuit_id);
  // A fleet of plant P001 with these circuits on branch `main`; returns the commit.
  std::string CommitFleet(const std::map<std::string, std::string>& text_of_circuit);
  // Hourly rows up to the cutoff date, for SENSOR_P001_{circuit}.
  void WriteSensor(const std::string& circuit_id, int rows = 700);
  // The same for a sensor of any id.
  void WriteSensorOf(const std::string& sensor_id, int rows);
  void WriteSensorText(const std::string& circuit_id, const std::string& csv);

  [[nodiscard]] TrainerSettings Settings(const std::string& replica) const;
  service::Replica& StartTrainer(const TrainerSettings& settings);
  // As `fleetcast pool set fleet --limit` does.
  void SetFleetLimit(int limit);
  // Without a worker: serves the API only.
  void StartApi();

  std::unique_ptr<v1::TrainingService::Stub> StubOf(const service::Replica& trainer);
  absl::StatusOr<v1::TrainingRun> Create(const std::vector<std::string>& circuits,
                                         const std::string& request_id = "");
  absl::StatusOr<v1::TrainingRun> GetRun(const std::string& name);
  absl::StatusOr<v1::TrainingJob> GetJob(const std::string& name);
  // Watches until the run ends; the last state of the run and of each job by name.
  struct Watched {
    v1::TrainingRun run;
    std::map<std::string, v1::TrainingJob> jobs;
    std::vector<v1::WatchTrainingRunResponse> events;
  };
  Watched WatchToEnd(const std::string& run);
  // Polls until `done(job)`.
  template <typename Done>
  v1::TrainingJob AwaitJob(const std::string& name, Done&& done) {
    const Patience patience(absl::Minutes(10));
    for (;;) {
      const auto job = GetJob(name);
      if (job.ok() && done(*job)) return *job;
      if (patience.IsOver()) {
        ADD_FAILURE() << "waited in vain: " << (job.ok() ? job->DebugString() : "unreachable");
        return job.value_or(v1::TrainingJob{});
      }
      absl::SleepFor(absl::Milliseconds(20));
    }
  }
  std::vector<registry::v1::ModelVersion> Versions();
  // Of the circuit P001/{circuit}, the newest first.
  std::vector<registry::v1::DataAssetVersion> DataAssetVersions(const std::string& circuit_id);
  std::string NewRequestId() { return ids_.NewUuid(); }

  const std::filesystem::path folder_;
  config::testing::GitTestRepository git_;
  const std::string dsn_;
  RandomIdSource ids_;
  db::ConnectionPool pool_;

  std::unique_ptr<config::GitConfigRepository> repository_;
  std::unique_ptr<config::FleetReader> reader_;
  std::unique_ptr<config::ConfigService> config_service_;
  std::unique_ptr<rpc::Server> config_server_;
  std::unique_ptr<service::Service> registry_service_;
  std::unique_ptr<rpc::Server> registry_server_;
  std::vector<std::unique_ptr<service::Replica>> trainers_;
  std::unique_ptr<v1::TrainingService::Stub> stub_;  // of the trainer started first
};

}  // namespace fleetcast::trainer
