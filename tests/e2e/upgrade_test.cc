// A release rolls out: its programs beside those of an earlier one, on one database, while jobs run
// and callers call. FLEETCAST_EARLIER_BIN_DIR names the earlier programs; without it this release's
// replace themselves.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cli/local/private_cluster.h"
#include "common/base/id.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "fleetcast/config/v1/config_service.grpc.pb.h"
#include "fleetcast/inference/v1/batch_endpoint_service.grpc.pb.h"
#include "fleetcast/inference/v1/invocation_service.grpc.pb.h"
#include "fleetcast/registry/v1/model_service.grpc.pb.h"
#include "fleetcast/trainer/v1/training_service.grpc.pb.h"
#include "tests/e2e/api.h"
#include "tests/e2e/local_stack.h"
#include "tests/support/served_program.h"

namespace fleetcast::e2e {
namespace {

using testing::ServedProgram;

constexpr int kCircuits = 6;
constexpr absl::Duration kPatience = absl::Seconds(kPatienceSeconds);
constexpr absl::Duration kCallTimeout = absl::Seconds(120);

std::string BinDir(const char* variable) {
  const char* folder = std::getenv(variable);
  return folder == nullptr ? "" : folder;
}

std::unique_ptr<ServedProgram> Serve(std::vector<std::string> arguments, const std::string& log) {
  auto program = ServedProgram::Start(std::move(arguments), log);
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? *std::move(program) : nullptr;
}

// One of each service, of one release.
struct Programs {
  Programs(const std::string& bin, const std::string& name, const LocalStack& folders,
           const std::string& dsn) {
    const std::string logs = folders.data_dir() + "/" + name + "-";
    config = Serve({bin + "/fleetcast-config", "--repository", folders.repository()},
                   logs + "config.log");
    registry = Serve({bin + "/fleetcast-registry", "--database", dsn, "--artifacts-dir",
                      folders.data_dir() + "/artifacts"},
                     logs + "registry.log");
    if (config == nullptr || registry == nullptr) return;
    const std::vector<std::string> shared = {"--database",        dsn,
                                             "--config-target",   config->address(),
                                             "--sensor-data",     folders.sensor_data(),
                                             "--registry-target", registry->address()};
    std::vector<std::string> arguments = {bin + "/fleetcast-trainer", "--replica", name};
    arguments.insert(arguments.end(), shared.begin(), shared.end());
    trainer = Serve(arguments, logs + "trainer.log");
    arguments = {bin + "/fleetcast-inference"};
    arguments.insert(arguments.end(), shared.begin(), shared.end());
    inference = Serve(arguments, logs + "inference.log");
  }

  // In the order in which they need one another.
  void Stop() {
    for (ServedProgram* program : {trainer.get(), inference.get(), registry.get(), config.get()})
      EXPECT_EQ(program->Stop(absl::Minutes(2)), absl::OkStatus());
  }

  [[nodiscard]] bool AllServe() const { return trainer != nullptr && inference != nullptr; }

  std::unique_ptr<ServedProgram> config, registry, trainer, inference;
};

// A client that has the addresses of both releases' program.
std::shared_ptr<grpc::Channel> ToBoth(const ServedProgram& one, const ServedProgram& other) {
  return rpc::Connect(absl::StrCat("ipv4:", one.address(), ",", other.address()));
}

// Calls from now to its end, one after the other; what failed.
class Caller {
 public:
  explicit Caller(std::function<absl::Status()> call)
      : thread_([this, call = std::move(call)] {
          while (!ends_) {
            absl::Status status = call();
            // gRPC breaks a call off that no handler has taken yet when its server ends, and says
            // no more than that: it may be made again, and is once.
            if (DetailsOf(status) == std::nullopt &&
                (absl::IsCancelled(status) || absl::IsUnavailable(status)))
              status = call();
            const std::lock_guard lock(mutex_);
            ++calls_;
            if (!status.ok()) failures_.push_back(status.ToString());
          }
        }) {}
  ~Caller() {
    ends_ = true;
    thread_.join();
    EXPECT_GT(calls_, 0);
    EXPECT_TRUE(failures_.empty()) << absl::StrJoin(failures_, "\n");
  }

 private:
  std::atomic<bool> ends_ = false;
  std::mutex mutex_;
  int calls_ = 0;
  std::vector<std::string> failures_;
  std::thread thread_;
};

template <typename Response, typename Stub, typename Method, typename Request>
absl::StatusOr<Response> Ask(Stub& stub, Method method, const Request& request) {
  return rpc::Call<Response>(kCallTimeout, [&](auto* context, auto* response) {
    return (stub.*method)(context, request, response);
  });
}

class UpgradeTest : public ::testing::Test {
 protected:
  UpgradeTest() {
    std::filesystem::create_directories(folders_.data_dir());
    auto cluster = cli::PrivateCluster::Start({.data_dir = folders_.data_dir() + "/postgres",
                                               .durable = false,
                                               .dies_with_starter = true});
    EXPECT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    dsn_ = cluster_->Dsn("fleetcast").value();
    earlier_bin_ = BinDir("FLEETCAST_EARLIER_BIN_DIR");
    if (earlier_bin_.empty()) earlier_bin_ = bin_;
  }
  ~UpgradeTest() override { EXPECT_TRUE(cluster_->Stop().ok()); }

  void CommitCircuits() {
    for (int i = 1; i <= kCircuits; ++i) {
      circuits_.push_back({.plant_id = "P001",
                           .circuit_id = absl::StrCat("C00", i),
                           .sensor_id = absl::StrCat("SENSOR_", i),
                           .cutoff_date = "2025-11-25",
                           .feature_columns = {"temperature"},
                           .target_column = "temperature",
                           .epochs = 8,
                           .lstm_units = 128});
      std::ofstream file(folders_.sensor_data() + "/" + circuits_.back().sensor_id + ".csv");
      file << "timestamp,temperature\n";
      const absl::Time end = absl::FromCivil(absl::CivilDay(2025, 11, 26), absl::UTCTimeZone());
      for (absl::Time time = end - absl::Hours(24 * 90); time < end; time += absl::Hours(1)) {
        const double hour = absl::ToDoubleHours(time - absl::UnixEpoch());
        file << absl::FormatTime("%Y-%m-%d %H:%M:%S", time, absl::UTCTimeZone()) << ','
             << 20 + 5 * std::sin(2 * M_PI * hour / 24) + 0.3 * std::sin(hour * 0.71) << '\n';
      }
    }
    folders_.CommitCircuits("main", circuits_);
  }

  void Migrate(const std::string& bin) {
    const CommandResult migrated =
        e2e::Run({bin + "/fleetcast", "db", "migrate", "--database", dsn_}, folders_.data_dir());
    ASSERT_EQ(migrated.exit_code, 0) << migrated.errors;
  }

  std::string StartTraining(trainer::v1::TrainingService::Stub& stub) {
    const auto run =
        Ask<trainer::v1::TrainingRun>(stub, &trainer::v1::TrainingService::Stub::CreateTrainingRun,
                                      TrainingRequest(circuits_, "main"));
    EXPECT_TRUE(run.ok()) << run.status();
    return run.ok() ? run->name() : "";
  }

  LocalStack folders_;
  std::unique_ptr<cli::PrivateCluster> cluster_;
  std::string dsn_;
  const std::string bin_ = BinDir("FLEETCAST_BIN_DIR");
  std::string earlier_bin_;
  std::vector<CircuitSpec> circuits_;
};

absl::StatusOr<trainer::v1::TrainingRun> GetRun(trainer::v1::TrainingService::Stub& stub,
                                                const std::string& name) {
  trainer::v1::GetTrainingRunRequest request;
  request.set_name(name);
  return Ask<trainer::v1::TrainingRun>(stub, &trainer::v1::TrainingService::Stub::GetTrainingRun,
                                       request);
}

// Every job succeeded at its first attempt, and has a version that no other has.
void ExpectTrainedOnce(trainer::v1::TrainingService::Stub& stub, const std::string& run,
                       std::set<std::string>* versions) {
  trainer::v1::ListTrainingJobsRequest request;
  request.set_parent(run);
  const auto jobs = Ask<trainer::v1::ListTrainingJobsResponse>(
      stub, &trainer::v1::TrainingService::Stub::ListTrainingJobs, request);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  EXPECT_EQ(jobs->training_jobs_size(), kCircuits);
  for (const trainer::v1::TrainingJob& job : jobs->training_jobs()) {
    EXPECT_EQ(job.state(), trainer::v1::TrainingJob::STATE_SUCCEEDED) << job.ShortDebugString();
    EXPECT_EQ(job.attempt_count(), 1) << job.ShortDebugString();
    EXPECT_TRUE(versions->insert(job.model_version()).second) << job.ShortDebugString();
  }
}

TEST_F(UpgradeTest, AReleaseReplacesAnotherWhileJobsRunWithoutAFailedCall) {
  CommitCircuits();
  Migrate(earlier_bin_);
  Programs earlier(earlier_bin_, "earlier", folders_, dsn_);
  ASSERT_TRUE(earlier.AllServe());
  auto old_training =
      trainer::v1::TrainingService::NewStub(rpc::Connect(earlier.trainer->address()));
  const std::string first = StartTraining(*old_training);

  Migrate(bin_);
  Programs later(bin_, "later", folders_, dsn_);
  ASSERT_TRUE(later.AllServe());
  const auto training =
      trainer::v1::TrainingService::NewStub(ToBoth(*earlier.trainer, *later.trainer));
  const auto models =
      registry::v1::ModelService::NewStub(ToBoth(*earlier.registry, *later.registry));
  const auto config = config::v1::ConfigService::NewStub(ToBoth(*earlier.config, *later.config));
  const auto sweeps =
      inference::v1::InvocationService::NewStub(ToBoth(*earlier.inference, *later.inference));
  std::string second;
  {
    Caller asks_runs([&] { return GetRun(*training, first).status(); });
    Caller asks_versions([&] {
      registry::v1::ListModelVersionsRequest request;
      request.set_parent("models/sensor-model");
      return Ask<registry::v1::ListModelVersionsResponse>(
                 *models, &registry::v1::ModelService::Stub::ListModelVersions, request)
          .status();
    });
    Caller asks_circuits([&] {
      config::v1::ListCircuitsRequest request;
      request.set_parent("plants/-");
      request.set_revision("main");
      return Ask<config::v1::ListCircuitsResponse>(
                 *config, &config::v1::ConfigService::Stub::ListCircuits, request)
          .status();
    });
    Caller asks_for_sweeps([&] {
      inference::v1::InvokeFleetRequest request;
      request.set_request_id(RandomIdSource().NewUuid());
      return Ask<inference::v1::Sweep>(
                 *sweeps, &inference::v1::InvocationService::Stub::InvokeFleet, request)
          .status();
    });
    second = StartTraining(*training);
    earlier.Stop();
  }

  std::set<std::string> versions;
  for (const std::string& name : {first, second}) {
    for (const Patience wait(kPatience); !wait.IsOver(); absl::SleepFor(absl::Milliseconds(100)))
      if (const auto run = GetRun(*training, name); run.ok() && run->has_end_time()) break;
    ExpectTrainedOnce(*training, name, &versions);
  }
  later.Stop();
}

}  // namespace
}  // namespace fleetcast::e2e
