// What goes wrong in a fleet, on real services: broken data, crashes, shutdowns, restarts.
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/workqueue/pools.h"
#include "services/trainer/storage/training_queue.h"
#include "tests/integration/trainer/trainer_stack.h"
#include "tests/support/test_database.h"

namespace fleetcast::trainer {
namespace {

using FaultsTest = TrainerStack;

bool IsTraining(const v1::TrainingJob& job) {
  return job.state() == v1::TrainingJob::STATE_RUNNING && job.progress().epoch() >= 1;
}
bool HasEnded(const v1::TrainingJob& job) { return job.has_end_time(); }

// Rule 5.
TEST_F(FaultsTest, ACircuitWithBrokenDataFailsAloneAndCanBeTrainedAgainWhenItIsMended) {
  CommitFleet({{"C001", QuickCircuit("P001", "C001")},
               {"C002", QuickCircuit("P001", "C002")},
               {"C003", QuickCircuit("P001", "C003")}});
  WriteSensor("C001");
  WriteSensorText("C002", "timestamp,temperature,pressure,vibration\n2025-12-01,not,a,number\n");
  StartTrainer(Settings("replica-1"));
  const auto run = Create({"-"});
  ASSERT_TRUE(run.ok()) << run.status();
  const Watched watched = WatchToEnd(run->name());
  EXPECT_EQ(watched.run.state(), v1::TrainingRun::STATE_FAILED);
  EXPECT_EQ(watched.run.job_counts().succeeded(), 1);
  EXPECT_EQ(watched.run.job_counts().failed(), 2);
  const v1::TrainingJob& malformed = watched.jobs.at(run->name() + "/jobs/P001.C002");
  EXPECT_EQ(malformed.failure().kind(), workqueue::v1::Failure::KIND_DATA)
      << malformed.DebugString();
  EXPECT_EQ(malformed.attempt_count(), 1);
  const v1::TrainingJob& missing = watched.jobs.at(run->name() + "/jobs/P001.C003");
  EXPECT_EQ(missing.failure().kind(), workqueue::v1::Failure::KIND_DATA);
  EXPECT_EQ(missing.failure().reason(), "SENSOR_NOT_FOUND");

  WriteSensor("C002");
  WriteSensor("C003");
  v1::RetryTrainingRunRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(run->name());
  const auto retried = rpc::Call<v1::TrainingRun>(
      absl::Seconds(30),
      [&](auto* context, auto* reply) { return stub_->RetryTrainingRun(context, request, reply); });
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->retry_of(), run->name());
  EXPECT_EQ(retried->job_counts().total(), 2);
  EXPECT_EQ(WatchToEnd(retried->name()).run.state(), v1::TrainingRun::STATE_SUCCEEDED);
  EXPECT_EQ(Versions().size(), 3u);
}

TEST_F(FaultsTest, CancellingARunStopsATrainingThatIsUnderWay) {
  CommitFleet({{"C001", SlowCircuit("P001", "C001")}, {"C002", SlowCircuit("P001", "C002")}});
  WriteSensor("C001", kManyRows);
  WriteSensor("C002", kManyRows);
  StartTrainer(Settings("replica-1"));
  const auto run = Create({"-"});
  ASSERT_TRUE(run.ok()) << run.status();
  AwaitJob(run->name() + "/jobs/P001.C001", IsTraining);
  v1::CancelTrainingRunRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(run->name());
  const auto cancelled =
      rpc::Call<v1::TrainingRun>(absl::Seconds(30), [&](auto* context, auto* reply) {
        return stub_->CancelTrainingRun(context, request, reply);
      });
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::TrainingRun::STATE_CANCELLED);
  const Watched watched = WatchToEnd(run->name());
  EXPECT_EQ(watched.run.state(), v1::TrainingRun::STATE_CANCELLED);
  EXPECT_EQ(watched.run.job_counts().cancelled(), 2);
  EXPECT_TRUE(Versions().empty());
}

// Rule 4: a shutdown hands the job back and spends no attempt.
TEST_F(FaultsTest, ADrainedReplicaHandsItsJobToAnother) {
  CommitFleet({{"C001", SlowCircuit("P001", "C001")}});
  WriteSensor("C001", kManyRows);
  StartApi();
  service::Replica& first = StartTrainer(Settings("replica-1"));
  const auto run = Create({"C001"});
  ASSERT_TRUE(run.ok()) << run.status();
  const std::string name = run->name() + "/jobs/P001.C001";
  AwaitJob(name, IsTraining);
  first.Drain();
  const auto handed_back = GetJob(name);
  ASSERT_TRUE(handed_back.ok()) << handed_back.status();
  EXPECT_EQ(handed_back->state(), v1::TrainingJob::STATE_QUEUED);
  EXPECT_EQ(handed_back->attempt_count(), 0);

  StartTrainer(Settings("replica-2"));
  const v1::TrainingJob taken = AwaitJob(name, IsTraining);
  EXPECT_EQ(taken.replica(), "replica-2");
  EXPECT_EQ(taken.attempt_count(), 1);
  EXPECT_EQ(taken.lease_epoch(), 2);
}

// Rules 2 and 4: a replica that dies without a word.
TEST_F(FaultsTest, AJobWhoseHolderDiedIsTakenOverAndEndsWithOneVersion) {
  CommitFleet({{"C001", QuickCircuit("P001", "C001")}});
  WriteSensor("C001");
  StartApi();
  const auto run = Create({"C001"});
  ASSERT_TRUE(run.ok()) << run.status();
  workqueue::Queue queue(ClosingQueueOptions(), pool_, pool_);
  workqueue::Queue training(TrainingQueueOptions(queue), pool_, pool_);
  const auto fetched = training.Fetch({.holder = "dead",
                                       .pool = workqueue::EnvironmentPool("custom-lstm-env:1.5.0"),
                                       .lease = absl::Milliseconds(500)});
  ASSERT_TRUE(fetched.ok() && fetched->size() == 1) << fetched.status();

  StartTrainer(Settings("replica-2"));
  const v1::TrainingJob job = AwaitJob(run->name() + "/jobs/P001.C001", HasEnded);
  EXPECT_EQ(job.state(), v1::TrainingJob::STATE_SUCCEEDED) << job.DebugString();
  EXPECT_EQ(job.attempt_count(), 2);
  EXPECT_EQ(job.replica(), "replica-2");
  EXPECT_EQ(Versions().size(), 1u);
  const auto late = training.SucceedAll({{fetched->front().hold(), "{}", ""}});
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_FALSE(late->front());
  EXPECT_EQ(GetJob(job.name())->model_version(), "models/sensor-model/versions/1");
}

TEST_F(FaultsTest, ARestartOfPostgresDuringARunIsSurvived) {
  // Trained to its end, which is so many epochs and no more: one that ThreadSanitizer watches takes
  // half a minute.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  const std::string epochs = "epochs: 1";
#else
  const std::string epochs = "epochs: 8";
#endif
  CommitFleet({{"C001", config::testing::CircuitText(
                            "P001", "C001",
                            {{"lstm_units: 128", "lstm_units: 384"}, {"epochs: 50", epochs}})}});
  WriteSensor("C001", kManyRows);
  StartTrainer(Settings("replica-1"));
  const auto run = Create({"C001"});
  ASSERT_TRUE(run.ok()) << run.status();
  const std::string name = run->name() + "/jobs/P001.C001";
  AwaitJob(name, IsTraining);
  ASSERT_TRUE(testing::SharedCluster().Restart().ok());
  const v1::TrainingJob job = AwaitJob(name, HasEnded);
  EXPECT_EQ(job.state(), v1::TrainingJob::STATE_SUCCEEDED) << job.DebugString();
  EXPECT_EQ(job.attempt_count(), 1) << "the lease outlived the restart";
  EXPECT_EQ(Versions().size(), 1u);
}

TEST_F(FaultsTest, TwoReplicasTrainARunTogetherWithinTheFleetsLimit) {
  std::map<std::string, std::string> fleet;
  for (const std::string id : {"C001", "C002", "C003", "C004"}) {
    fleet[id] = QuickCircuit("P001", id);
    WriteSensor(id);
  }
  CommitFleet(fleet);
  SetFleetLimit(2);
  for (const char* const replica : {"replica-1", "replica-2"}) {
    TrainerSettings settings = Settings(replica);
    settings.slots = 2;
    StartTrainer(settings);
  }
  const auto run = Create({"-"});
  ASSERT_TRUE(run.ok()) << run.status();
  const Watched watched = WatchToEnd(run->name());
  EXPECT_EQ(watched.run.state(), v1::TrainingRun::STATE_SUCCEEDED);
  for (const auto& event : watched.events)
    EXPECT_LE(event.training_run().job_counts().running(), 2);
  EXPECT_EQ(Versions().size(), 4u);
}

}  // namespace
}  // namespace fleetcast::trainer
