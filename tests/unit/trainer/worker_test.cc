// Attempts and the worker's loop on a ledger and a registry in memory, with real (small) training.
#include "services/trainer/worker/worker.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/base/status.h"
#include "services/trainer/worker/training_attempt.h"
#include "tests/support/trainer/circuits.h"
#include "tests/support/trainer/fake_job_store.h"
#include "tests/support/trainer/fake_model_registry.h"

namespace fleetcast::trainer {
namespace {

// Hourly rows with a daily cycle, the same for every sensor; errors on demand.
class FakeSensors final : public sensordata::SensorSource {
 public:
  absl::StatusOr<sensordata::RawReadings> Read(const sensordata::ReadRequest& request) override {
    ++reads;
    if (failures-- > 0) return failure;
    sensordata::RawReadings readings;
    readings.columns = {"temperature", "pressure", "vibration"};
    for (int row = 0; row < 600; ++row) {
      readings.unix_seconds.push_back(*request.before_unix_seconds -
                                      std::int64_t{3600} * (600 - row));
      const double cycle = std::sin(row * 2 * M_PI / 24);
      for (const double value :
           {20 + 5 * cycle + shift + 0.1 * ((row * 7919) % 13), 3 + cycle, 0.5 + 0.01 * row})
        readings.values.push_back(value);
    }
    return readings;
  }

  std::atomic<int> reads = 0, failures = 0;
  absl::Status failure;
  double shift = 0;
};

// Time stands still but for sleeps, which return at once.
class AttemptTest : public ::testing::Test {
 protected:
  AttemptTest() { EXPECT_TRUE(Create("run1").ok()); }

  // Two epochs at this rate beat the naive forecasts.
  absl::StatusOr<TrainingRun> Create(const std::string& id) {
    NewRun run = RunOf(id, 1);
    run.circuits[0].hyperparameters.learning_rate = 0.01;
    return store_.CreateRun(RequestFor("CreateTrainingRun", id), run);
  }
  ClaimedJob Claim() {
    return store_
        .ClaimJob({.replica = "replica-1",
                   .environment = "custom-lstm-env:1.5.0",
                   .lease = absl::Seconds(30)})
        ->job.value();
  }
  HeldJob Held(const ClaimedJob& claimed) {
    return {store_, clock_, claimed.hold(), clock_.Monotonic(), absl::Seconds(30), draining_};
  }
  // One whole attempt at the next job.
  absl::StatusOr<JobResult> Attempt() {
    const ClaimedJob claimed = Claim();
    HeldJob held = Held(claimed);
    auto result = TrainingAttempt(tools_, claimed, held).Run();
    if (result.ok()) {
      EXPECT_TRUE(store_.Succeed(claimed.hold(), *result).ok());
    }
    return result;
  }
  FakeModelRegistry::Run OnlyRun() { return registry_.runs().begin()->second; }

  testing::FakeClock clock_;
  FakeJobStore store_{clock_};
  FakeModelRegistry registry_;
  FakeSensors sensors_;
  std::atomic<bool> draining_ = false;
  const TrainingTools tools_{.sensors = sensors_, .registry = registry_, .clock = clock_};
};

TEST_F(AttemptTest, RegistersAVersionWithItsThirteenTagsAndWhereItCameFrom) {
  const auto result = Attempt();
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(registry_.versions().size(), 1u);
  const NewModelVersion version = registry_.versions()[0].given;
  EXPECT_EQ(version.tags.size(), 13u);
  EXPECT_EQ(version.tags.at("plant_id"), "P001");
  EXPECT_EQ(version.tags.at("data_asset_version"), "2025-12-09");
  EXPECT_EQ(version.tags.at("git_commit_sha"), "0123456789012345678901234567890123456789");
  EXPECT_EQ(version.training_job, "trainingRuns/run1/jobs/P001-C001");
  EXPECT_EQ(version.data_asset_version, "dataAssets/plant_P001_circuit_C001/versions/2025-12-09");
  EXPECT_EQ(version.environment_version, "environments/custom-lstm-env/versions/1.5.0");
  EXPECT_EQ(version.run, "experiments/plant_P001_circuit_C001/runs/run1-P001-C001-1");
  EXPECT_EQ(OnlyRun().start.display_name, "manual_2025-12-09");
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kFinished);
  EXPECT_FALSE(OnlyRun().metrics.empty());
  EXPECT_GT(result->gate.mae, 0);
}

// Rule 8.
TEST_F(AttemptTest, TheSamePinnedInputsGiveTheSameModel) {
  ASSERT_TRUE(Attempt().ok());
  ASSERT_TRUE(Create("run2").ok());
  ASSERT_TRUE(Attempt().ok());
  ASSERT_EQ(registry_.versions().size(), 2u);
  EXPECT_EQ(registry_.versions()[0].given.artifact_sha256,
            registry_.versions()[1].given.artifact_sha256);
}

// Rule 8.
TEST_F(AttemptTest, DataThatHasChangedSinceItWasPinnedIsNotTrainedOn) {
  ASSERT_TRUE(Attempt().ok());
  ASSERT_TRUE(Create("run2").ok());
  sensors_.shift = 0.25;
  const auto result = Attempt();
  EXPECT_EQ(ReasonOf(result.status()), "DATA_ASSET_CHANGED");
  EXPECT_EQ(registry_.versions().size(), 1u);
}

TEST_F(AttemptTest, WaitsForServicesThatAreAwayForAMoment) {
  const absl::Status away = absl::UnavailableError("away");
  for (const char* const method : {"RegisterEnvironment", "StartRun", "PinDataAsset",
                                   "UploadArtifact", "CreateVersion", "GetChampion"})
    registry_.FailNext(method, away, 2);
  sensors_.failure = away;
  sensors_.failures = 2;
  const auto result = Attempt();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(registry_.versions().size(), 1u);
  EXPECT_EQ(sensors_.reads, 3);
}

TEST_F(AttemptTest, GivesUpOnAServiceThatStaysAway) {
  registry_.FailNext("UploadArtifact", absl::UnavailableError("away"), 1000);
  const ClaimedJob claimed = Claim();
  // A lease that outlasts the tries: what ends the attempt is the error.
  HeldJob held(store_, clock_, claimed.hold(), clock_.Monotonic(), absl::Hours(1), draining_);
  const auto result = TrainingAttempt(tools_, claimed, held).Run();
  EXPECT_TRUE(absl::IsUnavailable(result.status())) << result.status();
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kFailed);
}

// Rule 2: whoever has lost the job publishes nothing, even if its own clock stood still meanwhile.
TEST_F(AttemptTest, AZombiePublishesNothing) {
  registry_.Before("UploadArtifact", [&] {
    clock_.Advance(absl::Hours(2));
    ASSERT_TRUE(store_
                    .ClaimJob({.replica = "replica-2",
                               .environment = "custom-lstm-env:1.5.0",
                               .lease = absl::Seconds(30)})
                    ->job.has_value());
  });
  const ClaimedJob claimed = Claim();
  HeldJob held(store_, clock_, claimed.hold(), clock_.Monotonic() + absl::Hours(10), absl::Hours(1),
               draining_);
  const auto result = TrainingAttempt(tools_, claimed, held).Run();
  EXPECT_EQ(ReasonOf(result.status()), "LEASE_LOST");
  EXPECT_TRUE(registry_.versions().empty());
  EXPECT_TRUE(registry_.champions().empty());
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kKilled);
}

// A crash between the registry's row and the ledger's leaves one version, and it is not trained
// again.
TEST_F(AttemptTest, AVersionThatAnEarlierAttemptRegisteredIsTakenOver) {
  {
    const ClaimedJob crashed = Claim();
    HeldJob held = Held(crashed);
    ASSERT_TRUE(TrainingAttempt(tools_, crashed, held).Run().ok());
  }
  clock_.Advance(absl::Minutes(1));
  const auto result = Attempt();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->model_version, "models/sensor-model/versions/1");
  EXPECT_EQ(registry_.versions().size(), 1u);
  EXPECT_EQ(registry_.calls("UploadArtifact"), 1);
}

TEST_F(AttemptTest, TheChampionIsHeldAgainstTheNewVersionOnTheSameRows) {
  // Another replica's champion came in between: it is read and compared anew.
  registry_.FailNext("SetChampion",
                     MakeError(absl::StatusCode::kAborted, "", {.reason = "CHAMPION_CHANGED"}));
  const auto champion = Attempt();
  ASSERT_TRUE(champion.ok()) << champion.status();
  EXPECT_EQ(champion->gate.verdict, GateVerdict::kChampion) << champion->gate.why;
  EXPECT_EQ(registry_.calls("SetChampion"), 2);
  EXPECT_EQ(registry_.champions().at("P001/C001"), champion->model_version);

  // The same model again is not below the champion's error on the same rows.
  ASSERT_TRUE(Create("run2").ok());
  const auto again = Attempt();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->gate.verdict, GateVerdict::kCandidate);
  ASSERT_TRUE(again->gate.champion_mae.has_value()) << again->gate.why;
  EXPECT_DOUBLE_EQ(*again->gate.champion_mae, again->gate.mae);
  EXPECT_EQ(again->gate.champion, champion->model_version);
  EXPECT_EQ(registry_.champions().at("P001/C001"), champion->model_version);
}

TEST_F(AttemptTest, StopsAtACancelDuringTraining) {
  const ClaimedJob claimed = Claim();
  HeldJob held = Held(claimed);
  registry_.Before("PinDataAsset", [&] {
    ASSERT_TRUE(store_.CancelRun(RequestFor("CancelTrainingRun", "run1"), "run1").ok());
    ASSERT_FALSE(held.CheckHeld().ok());
  });
  const auto result = TrainingAttempt(tools_, claimed, held).Run();
  EXPECT_EQ(ReasonOf(result.status()), "JOB_CANCELLED");
  EXPECT_TRUE(registry_.versions().empty());
  EXPECT_EQ(OnlyRun().end, ExperimentRunEnd::kKilled);
}

// The loop itself, on the system's clock.
class WorkerTest : public ::testing::Test {
 protected:
  explicit WorkerTest(int circuits = 1) {
    EXPECT_TRUE(
        store_.CreateRun(RequestFor("CreateTrainingRun", "run1"), RunOf("run1", circuits)).ok());
  }
  static WorkerOptions Options() {
    return {.replica = "replica-1",
            .environment = "custom-lstm-env:1.5.0",
            .poll_interval = absl::Milliseconds(5)};
  }
  void AwaitState(JobState state) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (store_.GetJob(name_)->state != state && absl::Now() < deadline)
      absl::SleepFor(absl::Milliseconds(5));
    EXPECT_EQ(store_.GetJob(name_)->state, state);
  }

  const JobName name_{"run1", "P001-C001"};
  testing::FakeClock ledger_clock_;
  FakeJobStore store_{ledger_clock_};
  FakeModelRegistry registry_;
  SystemClock clock_;
};

TEST_F(WorkerTest, WritesDownHowJobsEnded) {
  Worker worker(Options(), store_, registry_, clock_, [](const ClaimedJob&, HeldJob&) {
    return absl::StatusOr<JobResult>(
        MakeError(absl::StatusCode::kFailedPrecondition, "too few", {.reason = "DATA_X"}));
  });
  worker.Start();
  AwaitState(JobState::kFailed);
  EXPECT_EQ(store_.GetJob(name_)->failure->kind, FailureKind::kData);
}

// Rule 4.
TEST_F(WorkerTest, HandsJobsBackWhenItStops) {
  Notification running;
  Worker worker(Options(), store_, registry_, clock_, [&](const ClaimedJob&, HeldJob& held) {
    if (!running.HasBeenNotified()) running.Notify();
    while (!held.MustStop()) absl::SleepFor(absl::Milliseconds(1));
    return absl::StatusOr<JobResult>(held.StopStatus());
  });
  worker.Start();
  running.WaitForNotification();
  worker.Stop();
  const TrainingJob job = *store_.GetJob(name_);
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.attempt_count, 0);
  EXPECT_EQ(job.lease_epoch, 1);
}

TEST_F(WorkerTest, FinishesTheExperimentRunOfADeadAttempt) {
  const auto dead = store_.ClaimJob(
      {.replica = "dead", .environment = "custom-lstm-env:1.5.0", .lease = absl::Seconds(30)});
  ASSERT_TRUE(registry_
                  .StartRun("", {.experiment_id = "plant_P001_circuit_C001",
                                 .run_id = ExperimentRunId(name_, 1)})
                  .ok());
  ledger_clock_.Advance(absl::Minutes(1));
  Worker worker(Options(), store_, registry_, clock_, [](const ClaimedJob&, HeldJob&) {
    return absl::StatusOr<JobResult>(JobResult{.model_version = "v", .gate = {}});
  });
  worker.Start();
  AwaitState(JobState::kSucceeded);
  EXPECT_EQ(registry_.runs().begin()->second.end, ExperimentRunEnd::kKilled);
  EXPECT_EQ(store_.GetJob(name_)->lease_epoch, 2);
}

TEST_F(WorkerTest, WritesASuccessWhenTheLedgerComesBack) {
  Worker worker(Options(), store_, registry_, clock_, [&](const ClaimedJob&, HeldJob&) {
    store_.FailWith(absl::UnavailableError("Postgres restarts"));
    return absl::StatusOr<JobResult>(JobResult{.model_version = "v", .gate = {}});
  });
  worker.Start();
  absl::SleepFor(absl::Milliseconds(50));
  store_.FailWith(absl::OkStatus());
  AwaitState(JobState::kSucceeded);
}

TEST_F(WorkerTest, RegistersItsEnvironmentOnceTheRegistryIsThere) {
  registry_.FailNext("RegisterEnvironment", absl::UnavailableError("away"), 1);
  Worker worker(Options(), store_, registry_, clock_, [](const ClaimedJob&, HeldJob&) {
    return absl::StatusOr<JobResult>(JobResult{.model_version = "v", .gate = {}});
  });
  worker.Start();
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (registry_.calls("RegisterEnvironment") < 2 && absl::Now() < deadline)
    absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(registry_.calls("RegisterEnvironment"), 2);
}

}  // namespace
}  // namespace fleetcast::trainer
