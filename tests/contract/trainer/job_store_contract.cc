#include "tests/contract/trainer/job_store_contract.h"

#include <algorithm>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "tests/support/trainer/circuits.h"

namespace fleetcast::trainer {

TrainingRun JobStoreContract::Create(const std::string& id, int circuits, int max_attempts) {
  auto run =
      runs().CreateRun(RequestFor("CreateTrainingRun", id), RunOf(id, circuits, max_attempts));
  EXPECT_TRUE(run.ok()) << run.status();
  return run.value_or(TrainingRun{});
}

ClaimRequest JobStoreContract::RequestOf(const std::string& replica, int max_parallel) {
  return {.replica = replica,
          .environment = "custom-lstm-env:1.5.0",
          .lease = absl::Seconds(30),
          .max_parallel = max_parallel};
}

ClaimedJob JobStoreContract::MustClaim(const std::string& replica, int max_parallel) {
  auto claim = jobs().ClaimJob(RequestOf(replica, max_parallel));
  EXPECT_TRUE(claim.ok()) << claim.status();
  EXPECT_TRUE(claim.ok() && claim->job.has_value()) << "nothing was claimed";
  return claim.ok() ? claim->job.value_or(ClaimedJob{}) : ClaimedJob{};
}

void JobStoreContract::MustFindNothing(const ClaimRequest& request) {
  const auto claim = jobs().ClaimJob(request);
  ASSERT_TRUE(claim.ok()) << claim.status();
  EXPECT_FALSE(claim->job.has_value());
}

TrainingJob JobStoreContract::Job(const JobName& name) {
  auto job = runs().GetJob(name);
  EXPECT_TRUE(job.ok()) << job.status();
  return job.value_or(TrainingJob{});
}

TrainingRun JobStoreContract::Run(const std::string& id) {
  auto run = runs().GetRun(id);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.value_or(TrainingRun{});
}

JobResult JobStoreContract::Result(const std::string& version) {
  return {.model_version = version,
          .gate = {.verdict = GateVerdict::kChampion,
                   .why = "champion: it is better",
                   .mae = 0.5,
                   .skill = 0.25,
                   .naive_mae = 0.75,
                   .champion_mae = 0.625,
                   .champion = "models/sensor-model/versions/9"}};
}

JobFailure JobStoreContract::Failure(FailureKind kind) {
  return {.kind = kind, .reason = "SOME_REASON", .message = "something is wrong"};
}

TEST_P(JobStoreContract, ARunIsStoredWithOneQueuedJobForEachCircuit) {
  const TrainingRun created = Create("run1", 2);
  EXPECT_EQ(created.state, RunState::kQueued);
  EXPECT_EQ(created.counts.queued, 2);
  const TrainingRun run = Run("run1");
  EXPECT_EQ(run.spec.head_revision, "branch");
  EXPECT_EQ(run.commit, "0123456789012345678901234567890123456789");
  const TrainingJob job = Job({"run1", "P001-C002"});
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.environment, "custom-lstm-env:1.5.0");
  EXPECT_EQ(ToJson(job.circuit), ToJson(CircuitFor("P001", "C002")));
  EXPECT_TRUE(absl::IsNotFound(runs().GetRun("other").status()));
  EXPECT_TRUE(absl::IsNotFound(runs().GetJob({"run1", "P001-C003"}).status()));
}

TEST_P(JobStoreContract, ARunWithoutCircuitsHasSucceededAtOnce) {
  const TrainingRun run = Create("run1", 0);
  EXPECT_EQ(run.state, RunState::kSucceeded);
  EXPECT_TRUE(run.ended_at.has_value());
}

// Rule 1.
TEST_P(JobStoreContract, TheSameRequestTwiceGetsTheFirstAnswerAndMakesOneRun) {
  Create("run1", 1);
  const auto again = runs().CreateRun(RequestFor("CreateTrainingRun", "run1"), RunOf("run2", 1));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id, "run1");
  EXPECT_TRUE(absl::IsNotFound(runs().GetRun("run2").status()));
  const auto found = runs().FindCreatedRun(RequestFor("CreateTrainingRun", "run1"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ((*found)->id, "run1");
  EXPECT_FALSE(runs().FindCreatedRun(RequestFor("CreateTrainingRun", "new"))->has_value());
}

// Rule 1.
TEST_P(JobStoreContract, ARequestIdIsRefusedForAnotherRequest) {
  Create("run1", 1);
  MutatingRequest other = RequestFor("CreateTrainingRun", "run1");
  other.fingerprint = "other";
  const auto refused = runs().CreateRun(other, RunOf("run2", 1));
  EXPECT_EQ(ReasonOf(refused.status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(runs().FindCreatedRun(other).status()), "REQUEST_ID_REUSED");
}

// Rule 1.
TEST_P(JobStoreContract, FiftyCallersWithOneRequestIdAtOnceMakeOneRun) {
  std::vector<std::thread> callers;
  callers.reserve(50);
  std::vector<std::string> answers(50);
  for (int i = 0; i < 50; ++i)
    callers.emplace_back([&, i] {
      const auto run = runs().CreateRun(RequestFor("CreateTrainingRun", "once"),
                                        RunOf(absl::StrCat("run", i), 3));
      answers[i] = run.ok() ? run->id : run.status().ToString();
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), 1u) << answers[0];
  EXPECT_EQ(runs().ListRuns(std::nullopt, {})->items.size(), 1u);
  EXPECT_EQ(runs().ListJobs("", std::nullopt, {})->items.size(), 3u);
}

TEST_P(JobStoreContract, AClaimRaisesTheLeaseEpochAndCountsAnAttempt) {
  Create("run1", 1);
  const ClaimedJob claimed = MustClaim("replica-7");
  EXPECT_EQ(claimed.job.state, JobState::kRunning);
  EXPECT_EQ(claimed.job.lease_epoch, 1);
  EXPECT_EQ(claimed.job.attempt_count, 1);
  EXPECT_EQ(claimed.job.replica, "replica-7");
  EXPECT_TRUE(claimed.job.lease_expires_at.has_value());
  EXPECT_EQ(claimed.commit, "0123456789012345678901234567890123456789");
  EXPECT_EQ(Run("run1").state, RunState::kRunning);
  MustFindNothing(RequestOf("replica-8"));
}

// Each claimer has an environment of its own: those that reach for one job are kept apart by that
// job already.
TEST_P(JobStoreContract, ClaimsNeverExceedMaxParallelOverAllReplicas) {
  constexpr int kClaimers = 16, kMaxParallel = 3;
  NewRun run = RunOf("run1", 0);
  for (int i = 10; i < 10 + kClaimers; ++i)
    for (const std::string plant : {"P001", "P002", "P003"})
      run.circuits.push_back(CircuitFor(plant, absl::StrCat("C", i), absl::StrCat("1.", i)));
  for (const std::string id : {"run1", "run2", "run3", "run4"}) {
    run.id = id;
    ASSERT_TRUE(runs().CreateRun(RequestFor("CreateTrainingRun", id), run).ok());
  }
  for (int round = 0; round < 5; ++round) {
    std::vector<std::thread> claimers;
    claimers.reserve(kClaimers);
    std::vector<std::optional<JobHold>> claimed(kClaimers);
    for (int i = 0; i < kClaimers; ++i)
      claimers.emplace_back([&, i] {
        ClaimRequest request = RequestOf("replica", kMaxParallel);
        request.environment = absl::StrCat("custom-lstm-env:1.", 10 + i);
        const auto claim = jobs().ClaimJob(request);
        if (claim.ok() && claim->job) claimed[i] = claim->job->hold();
      });
    for (std::thread& claimer : claimers) claimer.join();
    EXPECT_EQ(std::ranges::count_if(claimed, [](const auto& hold) { return hold.has_value(); }),
              kMaxParallel);
    for (const auto& hold : claimed)
      if (hold) {
        ASSERT_TRUE(jobs().End(*hold, JobEnding::kHandedBack, std::nullopt).ok());
      }
  }
}

TEST_P(JobStoreContract, NoJobIsClaimedTwiceByManyClaimersAtOnce) {
  Create("run1", 20);
  std::vector<std::thread> claimers;
  claimers.reserve(8);
  std::vector<std::vector<std::string>> claimed(8);
  for (int i = 0; i < 8; ++i)
    claimers.emplace_back([&, i] {
      for (;;) {
        const auto claim = jobs().ClaimJob(RequestOf("replica", 100));
        if (!claim.ok() || !claim->job) return;
        claimed[i].push_back(claim->job->job.name.job_id);
      }
    });
  for (std::thread& claimer : claimers) claimer.join();
  std::multiset<std::string> all;
  for (const auto& some : claimed) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), 20u);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 20u);
}

// Rule 9.
TEST_P(JobStoreContract, AReplicaClaimsOnlyJobsThatAskForItsEnvironment) {
  NewRun run = RunOf("run1", 1);
  run.circuits.push_back(CircuitFor("P001", "C002", "2.0.0"));
  ASSERT_TRUE(runs().CreateRun(RequestFor("CreateTrainingRun", "run1"), run).ok());
  EXPECT_EQ(MustClaim().job.name.job_id, "P001-C001");
  MustFindNothing(RequestOf("replica-1"));
  ClaimRequest other = RequestOf("replica-2");
  other.environment = "custom-lstm-env:2.0.0";
  const auto claim = jobs().ClaimJob(other);
  ASSERT_TRUE(claim.ok() && claim->job.has_value()) << claim.status();
  EXPECT_EQ(claim->job->job.name.job_id, "P001-C002");
}

// Rule 9.
TEST_P(JobStoreContract, AQueuedJobKnowsWhetherItsEnvironmentHasBeenSeen) {
  Create("run1", 1);
  EXPECT_FALSE(Job({"run1", "P001-C001"}).queue.environment_seen_at.has_value());
  ASSERT_TRUE(jobs().SeeReplica("replica-1", "custom-lstm-env:2.0.0").ok());
  EXPECT_FALSE(Job({"run1", "P001-C001"}).queue.environment_seen_at.has_value());
  ASSERT_TRUE(jobs().SeeReplica("replica-2", "custom-lstm-env:1.5.0").ok());
  ASSERT_TRUE(jobs().SeeReplica("replica-2", "custom-lstm-env:1.5.0").ok());
  const QueueSituation queue = Job({"run1", "P001-C001"}).queue;
  ASSERT_TRUE(queue.environment_seen_at.has_value());
  EXPECT_LT(queue.now - *queue.environment_seen_at, absl::Seconds(30));
}

TEST_P(JobStoreContract, RunsShareTheSlotsAndTheOldestGoesFirst) {
  Create("run1", 3);
  Create("run2", 3);
  std::vector<std::string> order;
  for (int i = 0; i < 4; ++i) {
    const ClaimedJob claimed = MustClaim();
    order.push_back(claimed.job.name.run_id + "/" + claimed.job.name.job_id);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"run1/P001-C001", "run2/P001-C001", "run1/P001-C002",
                                             "run2/P001-C002"}));
}

TEST_P(JobStoreContract, AHeartbeatRecordsProgressAndKeepsTheJob) {
  Create("run1", 1);
  const JobHold hold = MustClaim().hold();
  const JobProgress progress{.phase = JobPhase::kTraining,
                             .epoch = 3,
                             .epochs = 50,
                             .training_loss = 0.5,
                             .validation_loss = std::nullopt,
                             .experiment_run = "experiments/e/runs/r",
                             .data_asset_version = "dataAssets/a/versions/v"};
  const auto beat = jobs().Heartbeat(hold, absl::Seconds(30), progress);
  ASSERT_TRUE(beat.ok()) << beat.status();
  EXPECT_FALSE(*beat);
  ASSERT_TRUE(jobs().Heartbeat(hold, absl::Seconds(30), std::nullopt).ok());
  const TrainingJob job = Job(hold.name);
  EXPECT_EQ(job.progress.phase, JobPhase::kTraining);
  EXPECT_EQ(job.progress.epoch, 3);
  EXPECT_EQ(job.progress.training_loss, 0.5);
  EXPECT_FALSE(job.progress.validation_loss.has_value());
  EXPECT_EQ(job.progress.experiment_run, "experiments/e/runs/r");
}

TEST_P(JobStoreContract, SuccessEndsTheJobAndTheRun) {
  Create("run1", 1);
  const JobHold hold = MustClaim().hold();
  ASSERT_TRUE(jobs().Succeed(hold, Result()).ok());
  const TrainingJob job = Job(hold.name);
  EXPECT_EQ(job.state, JobState::kSucceeded);
  ASSERT_TRUE(job.result.has_value());
  EXPECT_EQ(job.result->model_version, "models/sensor-model/versions/1");
  EXPECT_EQ(job.result->gate.verdict, GateVerdict::kChampion);
  EXPECT_EQ(job.result->gate.champion_mae, 0.625);
  EXPECT_EQ(job.state_reason, "champion: it is better");
  EXPECT_TRUE(job.ended_at.has_value());
  EXPECT_FALSE(job.lease_expires_at.has_value());
  EXPECT_EQ(Run("run1").state, RunState::kSucceeded);
}

TEST_P(JobStoreContract, AHolderThatWritesItsSuccessTwiceIsToldTwiceThatItIsWritten) {
  Create("run1", 1);
  const JobHold hold = MustClaim().hold();
  ASSERT_TRUE(jobs().Succeed(hold, Result()).ok());
  EXPECT_TRUE(jobs().Succeed(hold, Result()).ok());
  EXPECT_TRUE(IsNotTheHolder(jobs().Succeed(hold, Result("models/sensor-model/versions/2"))));
}

// Rule 2: a fenced-out holder's writes affect nothing.
TEST_P(JobStoreContract, AHolderWhoseJobWasClaimedByAnotherWritesNothing) {
  Create("run1", 1);
  const JobHold zombie = MustClaim("zombie").hold();
  ledger_->LetLeasesExpire();
  const ClaimedJob successor = MustClaim("successor");
  ASSERT_EQ(successor.job.lease_epoch, 2);
  const TrainingJob before = Job(zombie.name);

  const JobProgress progress{.phase = JobPhase::kPublishing, .epoch = 99};
  EXPECT_TRUE(IsNotTheHolder(jobs().Heartbeat(zombie, absl::Hours(1), std::nullopt).status()));
  EXPECT_TRUE(IsNotTheHolder(jobs().Heartbeat(zombie, absl::Hours(1), progress).status()));
  EXPECT_TRUE(IsNotTheHolder(jobs().Succeed(zombie, Result())));
  EXPECT_TRUE(IsNotTheHolder(jobs().End(zombie, JobEnding::kFailed, Failure(FailureKind::kData))));
  EXPECT_TRUE(IsNotTheHolder(jobs().End(zombie, JobEnding::kCancelled, std::nullopt)));
  EXPECT_TRUE(IsNotTheHolder(jobs().End(zombie, JobEnding::kHandedBack, std::nullopt)));

  const TrainingJob after = Job(zombie.name);
  EXPECT_EQ(after.state, JobState::kRunning);
  EXPECT_EQ(after.replica, "successor");
  EXPECT_EQ(after.attempt_count, before.attempt_count);
  EXPECT_EQ(after.progress.epoch, before.progress.epoch);
  EXPECT_EQ(after.lease_expires_at, before.lease_expires_at);
  EXPECT_EQ(after.updated_at, before.updated_at);
  EXPECT_TRUE(jobs().Succeed(successor.hold(), Result()).ok());
}

// Rule 2: reviving a lease that has run out would put more than max_parallel at work.
TEST_P(JobStoreContract, AHeartbeatDoesNotReviveALeaseThatHasRunOut) {
  Create("run1", 1);
  const JobHold hold = MustClaim().hold();
  ledger_->LetLeasesExpire();
  EXPECT_TRUE(IsNotTheHolder(jobs().Heartbeat(hold, absl::Hours(1), std::nullopt).status()));
}

// Rule 4: a crash is an attempt.
TEST_P(JobStoreContract, ACrashCountsAnAttemptAndTheLastOneFailsTheJob) {
  Create("run1", 1, /*max_attempts=*/2);
  const ClaimedJob first = MustClaim("replica-1");
  ledger_->LetLeasesExpire();
  auto second = jobs().ClaimJob(RequestOf("replica-2"));
  ASSERT_TRUE(second.ok() && second->job) << second.status();
  EXPECT_EQ(second->job->job.attempt_count, 2);
  EXPECT_EQ(second->job->job.lease_epoch, 2);
  ASSERT_EQ(second->dead.size(), 1u);
  EXPECT_EQ(second->dead[0].hold.lease_epoch, 1);
  EXPECT_EQ(second->dead[0].replica, "replica-1");

  ledger_->LetLeasesExpire();
  const auto third = jobs().ClaimJob(RequestOf("replica-3"));
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_FALSE(third->job.has_value());
  EXPECT_EQ(third->dead.size(), 1u);
  const TrainingJob job = Job(first.job.name);
  EXPECT_EQ(job.state, JobState::kFailed);
  ASSERT_TRUE(job.failure.has_value());
  EXPECT_EQ(job.failure->kind, FailureKind::kEnvironment);
  EXPECT_EQ(job.failure->reason, "LEASE_EXPIRED");
  EXPECT_NE(job.state_reason.find("replica-2 went silent"), std::string::npos) << job.state_reason;
  EXPECT_EQ(Run("run1").state, RunState::kFailed);
}

// Rule 4: a shutdown is not.
TEST_P(JobStoreContract, AHandBackCountsNoAttemptAndTheJobCanBeClaimedAtOnce) {
  Create("run1", 1, /*max_attempts=*/1);
  for (int shutdown = 0; shutdown < 5; ++shutdown) {
    const ClaimedJob claimed = MustClaim();
    EXPECT_EQ(claimed.job.attempt_count, 1);
    EXPECT_EQ(claimed.job.lease_epoch, shutdown + 1);
    ASSERT_TRUE(jobs().End(claimed.hold(), JobEnding::kHandedBack, std::nullopt).ok());
    const TrainingJob job = Job(claimed.job.name);
    EXPECT_EQ(job.state, JobState::kQueued);
    EXPECT_EQ(job.attempt_count, 0);
  }
}

// Rule 4: another attempt changes nothing about data, configuration and divergence.
TEST_P(JobStoreContract, DataConfigurationAndDivergenceFailAtOnce) {
  Create("run1", 3);
  for (const FailureKind kind :
       {FailureKind::kData, FailureKind::kConfiguration, FailureKind::kDivergence}) {
    const ClaimedJob claimed = MustClaim();
    ASSERT_TRUE(jobs().End(claimed.hold(), JobEnding::kFailed, Failure(kind)).ok());
    const TrainingJob job = Job(claimed.job.name);
    EXPECT_EQ(job.state, JobState::kFailed);
    EXPECT_EQ(job.attempt_count, 1);
    EXPECT_EQ(job.failure->kind, kind);
    EXPECT_EQ(job.state_reason, "something is wrong");
  }
  EXPECT_EQ(Run("run1").counts.failed, 3);
}

TEST_P(JobStoreContract, ARetryableFailureWaitsBeforeItsNextAttempt) {
  Create("run1", 1);
  const ClaimedJob claimed = MustClaim();
  ASSERT_TRUE(
      jobs().End(claimed.hold(), JobEnding::kFailed, Failure(FailureKind::kEnvironment)).ok());
  const TrainingJob job = Job(claimed.job.name);
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.failure->reason, "SOME_REASON");
  MustFindNothing(RequestOf("replica-1"));
  ledger_->LetWaitsPass();
  EXPECT_EQ(MustClaim().job.attempt_count, 2);
}

// Rule 4.
TEST_P(JobStoreContract, ATerminalStateIsNeverLeft) {
  Create("run1", 3);
  const JobHold succeeded = MustClaim().hold();
  const JobHold failed = MustClaim().hold();
  const JobHold cancelled = MustClaim().hold();
  ASSERT_TRUE(jobs().Succeed(succeeded, Result()).ok());
  ASSERT_TRUE(jobs().End(failed, JobEnding::kFailed, Failure(FailureKind::kData)).ok());
  ASSERT_TRUE(jobs().End(cancelled, JobEnding::kCancelled, std::nullopt).ok());
  for (const JobHold& hold : {succeeded, failed, cancelled}) {
    const TrainingJob before = Job(hold.name);
    EXPECT_TRUE(IsNotTheHolder(jobs().Heartbeat(hold, absl::Hours(1), JobProgress{}).status()));
    EXPECT_TRUE(IsNotTheHolder(jobs().Succeed(hold, Result("models/sensor-model/versions/5"))));
    for (const JobEnding ending :
         {JobEnding::kFailed, JobEnding::kCancelled, JobEnding::kHandedBack})
      EXPECT_TRUE(IsNotTheHolder(jobs().End(hold, ending, Failure(FailureKind::kInternal))));
    EXPECT_EQ(ReasonOf(runs()
                           .CancelJob(RequestFor("CancelTrainingJob", hold.name.job_id), hold.name)
                           .status()),
              "TRAINING_JOB_ENDED");
    EXPECT_EQ(Job(hold.name).state, before.state);
    EXPECT_EQ(Job(hold.name).updated_at, before.updated_at);
  }
  MustFindNothing(RequestOf("replica-1"));
  EXPECT_EQ(ReasonOf(runs().CancelRun(RequestFor("CancelTrainingRun", "1"), "run1").status()),
            "TRAINING_RUN_ENDED");
}

// Rule 5.
TEST_P(JobStoreContract, OneJobsFailureLeavesTheOthersAsTheyWere) {
  Create("run1", 2);
  const JobHold failed = MustClaim().hold();
  const JobHold other = MustClaim().hold();
  ASSERT_TRUE(jobs().End(failed, JobEnding::kFailed, Failure(FailureKind::kData)).ok());
  EXPECT_EQ(Run("run1").state, RunState::kRunning);
  EXPECT_EQ(Job(other.name).state, JobState::kRunning);
  ASSERT_TRUE(jobs().Succeed(other, Result()).ok());
  EXPECT_EQ(Run("run1").state, RunState::kFailed);
  EXPECT_EQ(Run("run1").counts.succeeded, 1);
}

TEST_P(JobStoreContract, CancellingARunEndsQueuedJobsAndAsksRunningOnes) {
  Create("run1", 2);
  const JobHold running = MustClaim().hold();
  const MutatingRequest request = RequestFor("CancelTrainingRun", "run1");
  const auto cancelled = runs().CancelRun(request, "run1");
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, RunState::kRunning);
  EXPECT_EQ(cancelled->counts.cancelled, 1);
  MustFindNothing(RequestOf("replica-2"));
  const auto beat = jobs().Heartbeat(running, absl::Seconds(30), std::nullopt);
  ASSERT_TRUE(beat.ok()) << beat.status();
  EXPECT_TRUE(*beat);
  ASSERT_TRUE(jobs().End(running, JobEnding::kCancelled, std::nullopt).ok());
  EXPECT_EQ(Run("run1").state, RunState::kCancelled);
  EXPECT_TRUE(runs().CancelRun(request, "run1").ok()) << "a repeated request is not a new one";
}

TEST_P(JobStoreContract, CancellingOneJobLeavesTheOthers) {
  Create("run1", 2);
  const auto cancelled =
      runs().CancelJob(RequestFor("CancelTrainingJob", "1"), {"run1", "P001-C001"});
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state, JobState::kCancelled);
  EXPECT_EQ(MustClaim().job.name.job_id, "P001-C002");
  EXPECT_TRUE(absl::IsNotFound(
      runs().CancelJob(RequestFor("CancelTrainingJob", "2"), {"run1", "P009-C009"}).status()));
}

TEST_P(JobStoreContract, ACancelledJobIsNotQueuedAgainWhateverEndsItsAttempt) {
  Create("run1", 3);
  const JobHold crashed = MustClaim().hold();
  ASSERT_TRUE(runs().CancelRun(RequestFor("CancelTrainingRun", "run1"), "run1").ok());
  ledger_->LetLeasesExpire();
  MustFindNothing(RequestOf("replica-2"));
  EXPECT_EQ(Job(crashed.name).state, JobState::kCancelled);
  EXPECT_EQ(Run("run1").state, RunState::kCancelled);
}

TEST_P(JobStoreContract, RetryMakesANewRunOfTheFailedJobsAndLeavesTheOldOne) {
  Create("run1", 2);
  const JobHold failed = MustClaim().hold();
  const MutatingRequest request = RequestFor("RetryTrainingRun", "run1");
  EXPECT_EQ(ReasonOf(runs().RetryRun(request, "run1", "run2").status()), "TRAINING_RUN_NOT_ENDED");
  ASSERT_TRUE(jobs().End(failed, JobEnding::kFailed, Failure(FailureKind::kData)).ok());
  ASSERT_TRUE(jobs().Succeed(MustClaim().hold(), Result()).ok());

  const auto retried = runs().RetryRun(request, "run1", "run2");
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_EQ(retried->id, "run2");
  EXPECT_EQ(retried->retry_of, "run1");
  EXPECT_EQ(retried->counts.total(), 1);
  EXPECT_EQ(runs().RetryRun(request, "run1", "run3")->id, "run2");
  const TrainingJob job = Job({"run2", failed.name.job_id});
  EXPECT_EQ(job.attempt_count, 0);
  EXPECT_EQ(ToJson(job.circuit), ToJson(Job(failed.name).circuit));
  EXPECT_EQ(Job(failed.name).state, JobState::kFailed);
  EXPECT_EQ(Run("run1").state, RunState::kFailed);
}

TEST_P(JobStoreContract, ARunWithoutFailuresCannotBeRetried) {
  Create("run1", 1);
  ASSERT_TRUE(jobs().Succeed(MustClaim().hold(), Result()).ok());
  EXPECT_EQ(ReasonOf(runs().RetryRun(RequestFor("RetryTrainingRun", "1"), "run1", "run2").status()),
            "NOTHING_TO_RETRY");
  EXPECT_TRUE(absl::IsNotFound(
      runs().RetryRun(RequestFor("RetryTrainingRun", "2"), "none", "run2").status()));
}

TEST_P(JobStoreContract, AWatcherSeesEveryChangeAndNothingTwice) {
  Create("run1", 2);
  const auto first = runs().ChangesSince("run1", 0);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->jobs.size(), 2u);
  EXPECT_TRUE(runs().ChangesSince("run1", first->change_number)->jobs.empty());

  const JobHold hold = MustClaim().hold();
  const auto second = runs().ChangesSince("run1", first->change_number);
  ASSERT_EQ(second->jobs.size(), 1u);
  EXPECT_EQ(second->jobs[0].state, JobState::kRunning);
  ASSERT_TRUE(jobs().Heartbeat(hold, absl::Seconds(30), std::nullopt).ok());
  EXPECT_TRUE(runs().ChangesSince("run1", second->change_number)->jobs.empty());
  ASSERT_TRUE(jobs().Heartbeat(hold, absl::Seconds(30), JobProgress{.epoch = 1}).ok());
  const auto third = runs().ChangesSince("run1", second->change_number);
  ASSERT_EQ(third->jobs.size(), 1u);
  EXPECT_EQ(third->jobs[0].progress.epoch, 1);
  EXPECT_TRUE(absl::IsNotFound(runs().ChangesSince("none", 0).status()));
}

TEST_P(JobStoreContract, ListsComeInPagesNewestRunFirst) {
  for (int i = 1; i <= 3; ++i) Create(absl::StrCat("run", i), 2);
  const auto first = runs().ListRuns(std::nullopt, {.size = 2});
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->items.size(), 2u);
  EXPECT_EQ(first->items[0].id, "run3");
  const auto second = runs().ListRuns(std::nullopt, {.size = 2, .after = first->next_after});
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].id, "run1");
  EXPECT_TRUE(second->next_after.empty());

  std::vector<std::string> seen;
  PageRequest page{.size = 4};
  do {
    const auto jobs_page = runs().ListJobs("", std::nullopt, page);
    ASSERT_TRUE(jobs_page.ok()) << jobs_page.status();
    for (const TrainingJob& job : jobs_page->items)
      seen.push_back(job.name.run_id + "/" + job.name.job_id);
    page.after = jobs_page->next_after;
  } while (!page.after.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"run3/P001-C001", "run3/P001-C002", "run2/P001-C001",
                                            "run2/P001-C002", "run1/P001-C001", "run1/P001-C002"}));
  EXPECT_EQ(runs().ListJobs("run2", std::nullopt, {})->items.size(), 2u);
  EXPECT_TRUE(absl::IsNotFound(runs().ListJobs("none", std::nullopt, {}).status()));
}

TEST_P(JobStoreContract, ListsCanBeFiltered) {
  Create("run1", 2);
  Create("run2", 1);
  const ClaimedJob claimed = MustClaim();
  ASSERT_TRUE(jobs().End(claimed.hold(), JobEnding::kFailed, Failure(FailureKind::kData)).ok());
  const auto filtered = [&](const std::string& text) {
    return runs().ListJobs("", *ParseFilter(text), {});
  };
  EXPECT_EQ(filtered("state = FAILED")->items.size(), 1u);
  EXPECT_EQ(filtered("failure.kind = DATA AND plant_id = \"P001\"")->items.size(), 1u);
  EXPECT_EQ(filtered("NOT state = FAILED")->items.size(), 2u);
  EXPECT_EQ(filtered("failure.reason = \"SOME_REASON\"")->items.size(), 1u);
  EXPECT_TRUE(absl::IsInvalidArgument(filtered("colour = red").status()));
  EXPECT_EQ(runs().ListRuns(*ParseFilter("state = QUEUED"), {})->items.size(), 1u);
  EXPECT_EQ(runs().ListRuns(*ParseFilter("pull_request.number > 3"), {})->items.size(), 0u);
  EXPECT_EQ(
      runs().ListRuns(*ParseFilter("create_time > \"2020-01-01T00:00:00Z\""), {})->items.size(),
      2u);
}

}  // namespace fleetcast::trainer
