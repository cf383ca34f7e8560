// Releases from the call to what serves: the store on a real Postgres, the reconciler, and the
// registry, configuration and trainer in memory.
#include <gmock/gmock.h>

#include <thread>

#include "common/base/stale_name.h"
#include "common/db/transaction.h"
#include "common/workqueue/conclusion.h"
#include "common/workqueue/pools.h"
#include "services/inference/domain/branch_follower.h"
#include "services/inference/domain/reconciler.h"
#include "services/inference/domain/releaser.h"
#include "services/inference/storage/postgres_followed_branch_store.h"
#include "services/inference/storage/postgres_release_store.h"
#include "services/inference/worker/reconcile_runner.h"
#include "tests/contract/inference/inference_backend.h"
#include "tests/support/inference/fleet_fakes.h"

namespace fleetcast::inference {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using workqueue::TaskState;

const CircuitId kOne{"P001", "C001"}, kTwo{"P001", "C002"}, kThree{"P002", "C001"};

class ReleaseTest : public InferenceContract {
 protected:
  ReleaseTest() {
    catalog_.parents = {{"b", "a"}, {"c", "b"}, {"side", "a"}};
    Put("a", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}});
  }
  void SetUp() override {
    InferenceContract::SetUp();
    ASSERT_TRUE(releasing_.SeeReplica("inference-1", {kReleasingQueue}, 1).ok());
  }

  void Put(const std::string& commit, const std::map<CircuitId, std::string>& training_hashes,
           const std::string& deployment_hash = "d1") {
    DesiredFleet& fleet = catalog_.fleets[commit];
    fleet.circuits.clear();
    for (const auto& [circuit, hash] : training_hashes)
      fleet.circuits.push_back(FakeFleetCatalog::Circuit(circuit, hash, deployment_hash));
  }
  void TrainAll() {
    registry_.Add(kOne, "t1", "BETTER");
    registry_.Add(kTwo, "t2", "BETTER");
    registry_.Add(kThree, "t3", "BETTER");
  }
  absl::StatusOr<Release> TryRelease(const std::string& commit) {
    return releaser_.Create(NewRequest(), {.revision = commit, .actor = "anna", .reason = "test"});
  }
  Release Make(const std::string& commit) {
    auto release = TryRelease(commit);
    EXPECT_TRUE(release.ok()) << release.status();
    return release.value_or(Release{});
  }
  Release Get(const std::string& id = "") {
    auto release = store_.Get(id);
    EXPECT_TRUE(release.ok()) << release.status();
    return release.value_or(Release{});
  }

  // Fetches what is ready and carries it out; how many steps. Not ended if `die`.
  int StepOnce(bool die = false) {
    constexpr absl::Duration lease = absl::Seconds(60);
    const absl::Duration asked_at = clock_.Monotonic();
    auto fetched = releasing_.Fetch(
        {.holder = "inference-1", .pool = kReleasingQueue, .most = 100, .lease = lease});
    EXPECT_TRUE(fetched.ok()) << fetched.status();
    if (!fetched.ok() || fetched->empty()) return 0;
    workqueue::Batch batch;
    for (workqueue::FetchedTask& task : *fetched)
      batch.push_back(std::make_shared<workqueue::Hold>(clock_, std::move(task), asked_at, lease));
    const workqueue::BatchOutcome outcome = runner_(batch);
    if (!die) workqueue::Conclude(releasing_, batch, outcome);
    return static_cast<int>(batch.size());
  }
  void StepAll() {
    while (StepOnce() > 0) {
    }
  }
  // What waits is looked at again now.
  void Hurry() {
    Sql("UPDATE inference.tasks SET ready_time = now() - interval '1 hour'"
        " WHERE state = 'QUEUED' AND queue = 'releasing'");
    Sql("UPDATE inference.task_lanes SET fetch_floor = '-infinity'");
  }
  void Sql(const std::string& sql) {
    const absl::Status done = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
    ASSERT_TRUE(done.ok()) << done;
  }
  void EndTraining(const FakeTrainer::Started& run, const CircuitId& circuit, TaskState state) {
    TrainingState& ended = trainer_.states[{run.run, circuit}];
    ended.state = state;
    if (state == TaskState::kFailed)
      ended.failure = workqueue::Failure{.kind = workqueue::FailureKind::kData,
                                         .reason = "DATA_TOO_FEW_ROWS",
                                         .message = "12 rows, 100 needed"};
  }

  std::int64_t Serving(const CircuitId& circuit) {
    const auto deployment = deployments_.Get(circuit);
    return deployment.ok() ? deployment->model_version : 0;
  }
  CircuitStatus Status(const CircuitId& circuit) {
    auto status = store_.GetStatus(circuit);
    EXPECT_TRUE(status.ok()) << status.status();
    return status.value_or(CircuitStatus{});
  }
  // But for those about schedules, of which there are none here.
  std::vector<std::string> ConditionsOfCircuit(const CircuitId& circuit) {
    std::vector<std::string> words;
    for (const Condition& condition : Status(circuit).conditions)
      if (condition.type != ConditionType::kNotScheduled) words.push_back(Word(condition.type));
    return words;
  }

  SystemClock clock_;
  FakeFleetRegistry registry_;
  FakeFleetCatalog catalog_;
  FakeTrainer trainer_;
  workqueue::Queue releasing_{ReleasingQueueOptions(), pool_, pool_};
  PostgresReleaseStore store_{releasing_, ids_, absl::Minutes(15)};
  Releaser releaser_{registry_, catalog_, store_};
  Reconciler reconciler_{registry_, trainer_, store_};
  workqueue::Runner runner_ =
      ReconcileCircuits(reconciler_, workqueue::ConfirmWith(releasing_, clock_, absl::Seconds(60)));
};

TEST_F(ReleaseTest, CandidatesThatPassedBecomeChampionsAndServe) {
  TrainAll();
  EXPECT_EQ(StateOf(Make("a")), ReleaseState::kApplying);
  StepAll();
  const Release release = Get();
  EXPECT_EQ(StateOf(release), ReleaseState::kApplied) << ReleaseReason(release);
  EXPECT_TRUE(release.in_force);
  EXPECT_EQ(release.pin.plan.promote, 3);
  EXPECT_EQ(registry_.champions,
            (std::map<CircuitId, std::int64_t>{{kOne, 1}, {kTwo, 2}, {kThree, 3}}));
  EXPECT_EQ(Serving(kTwo), 2);
  const CircuitStatus status = Status(kOne);
  EXPECT_EQ(status.record.serving->training_hash, "t1");
  EXPECT_EQ(status.record.serving->skill, 0.25);
  EXPECT_EQ(status.record.commit, "a");
  EXPECT_THAT(ConditionsOfCircuit(kOne), IsEmpty());
  EXPECT_THAT(trainer_.started, IsEmpty());
}

TEST_F(ReleaseTest, WhatNobodyTrainedIsTrainedInOneRun) {
  registry_.Add(kThree, "t3", "BETTER");
  const Release release = Make("a");
  EXPECT_EQ(release.pin.plan.train, 2);
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplying);
  EXPECT_EQ(Serving(kThree), 1) << "one that waits keeps none of the others back";
  ASSERT_THAT(trainer_.started, SizeIs(1));
  EXPECT_THAT(trainer_.started[0].circuits, ElementsAre(kOne, kTwo));
  EXPECT_EQ(trainer_.started[0].commit, "a");
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("TRAINING"));
  EXPECT_EQ(Get().training_run, trainer_.started[0].run);

  registry_.Add(kOne, "t1", "BETTER");
  EndTraining(trainer_.started[0], kOne, TaskState::kSucceeded);
  EndTraining(trainer_.started[0], kTwo, TaskState::kFailed);
  Hurry();
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kDegraded) << ReleaseReason(Get());
  EXPECT_EQ(Serving(kOne), 2);
  EXPECT_THAT(trainer_.started, SizeIs(1));
  const CircuitStatus failed = Status(kTwo);
  EXPECT_EQ(failed.conditions[0].severity, Severity::kError);
  EXPECT_EQ(failed.conditions[0].reason, "DATA_TOO_FEW_ROWS");

  // Mended, the same commit again tries what failed, and that alone.
  const Release again = Make("a");
  EXPECT_NE(again.group.id, release.group.id);
  EXPECT_EQ(again.group.counts.total(), 1);
  StepAll();
  ASSERT_THAT(trainer_.started, SizeIs(2));
  EXPECT_THAT(trainer_.started[1].circuits, ElementsAre(kTwo));
}

TEST_F(ReleaseTest, WhatFailedBeforeIsTrainedTogetherWithWhatChangedSince) {
  Make("a");
  StepAll();
  ASSERT_THAT(trainer_.started, SizeIs(1));
  EndTraining(trainer_.started[0], kOne, TaskState::kFailed);
  EndTraining(trainer_.started[0], kTwo, TaskState::kFailed);
  EndTraining(trainer_.started[0], kThree, TaskState::kFailed);
  Hurry();
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kDegraded);
  Put("b", {{kOne, "t1"}, {kTwo, "t2x"}, {kThree, "t3"}});
  Make("b");
  StepAll();
  ASSERT_THAT(trainer_.started, SizeIs(2));
  EXPECT_THAT(trainer_.started[1].circuits, ElementsAre(kOne, kTwo, kThree));
  EXPECT_EQ(trainer_.started[1].commit, "b");
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplying) << "no step has failed";
}

TEST_F(ReleaseTest, AVersionThatTheGateRefusedLeavesTheOldOneServingAndSaysSo) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1x"}, {kTwo, "t2"}, {kThree, "t3"}});
  registry_.Add(kOne, "t1x", "NOT_BETTER", 1);
  const Release release = Make("b");
  EXPECT_EQ(release.pin.plan.refused, 1);
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplied);
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(registry_.champions[kOne], 1);
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("GATE_REFUSED"));
  EXPECT_EQ(Make("b").group.id, release.group.id) << "there is nothing to try again";
  const std::int64_t better = registry_.Add(kOne, "t1x", "BETTER", 1);
  const Release again = Make("b");
  EXPECT_EQ(again.pin.plan.promote, 1) << "a version has come that passed";
  StepAll();
  EXPECT_EQ(Serving(kOne), better);
  EXPECT_THAT(ConditionsOfCircuit(kOne), IsEmpty());
  EXPECT_EQ(Make("b").group.id, again.group.id);
}

// Its holder was suspended between its last look at the hold and the change.
TEST_F(ReleaseTest, AChangeOfTheChampionThatComesAfterAPinDoesNotStand) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1b"}, {kTwo, "t2"}, {kThree, "t3"}});
  registry_.Add(kOne, "t1b", "BETTER", 1);
  Make("b");
  registry_.before_change = [&] {
    EXPECT_TRUE(
        releaser_
            .Pin(NewRequest(),
                 {.circuit = kOne, .model_version = 1, .actor = "anna", .reason = "inspection"})
            .ok());
    StepOnce();  // by another replica: it finds the champion that it wants
    absl::SleepFor(absl::Milliseconds(300));
  };
  StepAll();
  EXPECT_EQ(registry_.champions[kOne], 1);
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("PINNED"));
}

TEST_F(ReleaseTest, AVerdictAgainstAnotherChampionIsAskedForAnew) {
  TrainAll();
  Make("a");
  StepAll();
  registry_.champions[kOne] = 1;
  Put("b", {{kOne, "t1x"}, {kTwo, "t2"}, {kThree, "t3"}});
  const std::int64_t candidate = registry_.Add(kOne, "t1x", "BETTER", 77);
  EXPECT_EQ(Make("b").pin.plan.train, 1);
  StepAll();
  ASSERT_THAT(trainer_.started, SizeIs(1));
  registry_.versions[candidate].tags["gate_champion"] = "1";
  EndTraining(trainer_.started[0], kOne, TaskState::kSucceeded);
  Hurry();
  StepAll();
  EXPECT_EQ(Serving(kOne), candidate);
}

TEST_F(ReleaseTest, DeploymentValuesAloneAreDeployedAgain) {
  TrainAll();
  Make("a");
  StepAll();
  const int changes = registry_.changes;
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  EXPECT_EQ(Make("b").pin.plan.redeploy, 3);
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplied);
  EXPECT_EQ(Status(kOne).record.serving->deployment_hash, "d2");
  EXPECT_EQ(deployments_.Get(kOne)->settings.commit, "b");
  EXPECT_EQ(registry_.changes, changes);
}

TEST_F(ReleaseTest, ACircuitThatIsGoneLosesDeploymentAndChampion) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1"}, {kThree, "t3"}});
  EXPECT_EQ(Make("b").pin.plan.retire, 1);
  StepAll();
  EXPECT_EQ(Serving(kTwo), 0);
  EXPECT_FALSE(registry_.champions.contains(kTwo));
  EXPECT_THAT(ConditionsOfCircuit(kTwo), ElementsAre("RETIRED"));
  // It comes back with the next release that has it.
  Put("c", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}});
  Make("c");
  StepAll();
  EXPECT_EQ(Serving(kTwo), 2);
}

TEST_F(ReleaseTest, StaleAndDivergedCommitsAreRefusedByNameAndChangeNothing) {
  TrainAll();
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}});
  Put("side", {});
  Make("b");
  EXPECT_EQ(ReasonOf(TryRelease("a").status()), "STALE_RELEASE");
  EXPECT_EQ(ReasonOf(TryRelease("side").status()), "DIVERGED_RELEASE");
  EXPECT_EQ(TryRelease("nothing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get().pin.commit, "b");
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
}

TEST_F(ReleaseTest, ManyCallersMakeOneRelease) {
  TrainAll();
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> ids;
  for (int i = 0; i < 25; ++i)
    threads.emplace_back([&, request = NewRequest()] {
      const auto release = releaser_.Create(request, {.revision = "a", .actor = "", .reason = ""});
      const std::lock_guard lock(mutex);
      ids.insert(release.ok() ? release->group.id : std::string(release.status().message()));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(ids, SizeIs(1)) << *ids.begin();
  StepAll();
  EXPECT_EQ(registry_.changes, 3);
  EXPECT_THAT(store_.List({}, {})->items, SizeIs(1));
}

TEST_F(ReleaseTest, TheSameRequestGetsTheSameReleaseWhateverCameAfter) {
  TrainAll();
  const MutatingRequest request = NewRequest();
  const auto first = releaser_.Create(request, {.revision = "a", .actor = "", .reason = ""});
  Put("b", {{kOne, "t1"}});
  Make("b");
  const auto again = releaser_.Create(request, {.revision = "a", .actor = "", .reason = ""});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->group.id, first->group.id);
  EXPECT_EQ(StateOf(*again), StateOf(*first)) << "what it was answered with, not what it is now";
  EXPECT_EQ(again->group.counts.queued, 3);
  EXPECT_TRUE(again->in_force);
  EXPECT_EQ(again->pin.plan.promote, 3);
  EXPECT_EQ(Get().pin.commit, "b");
}

TEST_F(ReleaseTest, ARepeatedPinOrUnpinGetsItsFirstAnswerWhateverCameAfter) {
  TrainAll();
  Make("a");
  StepAll();
  Store(ForecastOf(kOne, 1, "s1"));
  const MutatingRequest pin = NewRequest(), unpin = NewRequest();
  const NewPin asked{.circuit = kOne, .actor = "anna", .reason = "drift", .ttl = absl::Hours(48)};
  const auto pinned = releaser_.Pin(pin, asked);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  const auto unpinned = store_.Unpin(unpin, kOne, "anna", "mended");
  ASSERT_TRUE(unpinned.ok()) << unpinned.status();
  const auto pinned_again = releaser_.Pin(pin, asked);
  ASSERT_TRUE(pinned_again.ok()) << pinned_again.status();
  EXPECT_EQ(pinned_again->record.pin->expire_time, pinned->record.pin->expire_time);
  EXPECT_EQ(pinned_again->record.pin->reason, "drift");
  EXPECT_EQ(pinned_again->record.serving->deploy_time, pinned->record.serving->deploy_time);
  EXPECT_EQ(pinned_again->record.forecast->issue_time, pinned->record.forecast->issue_time);
  EXPECT_EQ(pinned_again->record.step->state, pinned->record.step->state);
  EXPECT_EQ(pinned_again->record.settings.sensor_id, pinned->record.settings.sensor_id);
  ASSERT_EQ(pinned_again->conditions.size(), pinned->conditions.size());
  for (std::size_t i = 0; i < pinned->conditions.size(); ++i) {
    EXPECT_EQ(pinned_again->conditions[i].type, pinned->conditions[i].type);
    EXPECT_EQ(pinned_again->conditions[i].severity, pinned->conditions[i].severity);
    EXPECT_EQ(pinned_again->conditions[i].message, pinned->conditions[i].message);
  }
  ASSERT_TRUE(releaser_.Pin(NewRequest(), asked).ok());
  const auto unpinned_again = store_.Unpin(unpin, kOne, "anna", "mended");
  ASSERT_TRUE(unpinned_again.ok()) << unpinned_again.status();
  EXPECT_FALSE(unpinned_again->record.pin.has_value());
}

TEST_F(ReleaseTest, ALaterReleaseTakesTheStepsOfTheOneBefore) {
  const std::string first = Make("a").group.id;
  StepAll();  // all wait for their training
  Put("b", {{kOne, "t1b"}, {kTwo, "t2b"}, {kThree, "t3b"}});
  for (const CircuitId& circuit : {kOne, kTwo, kThree})
    registry_.Add(circuit,
                  absl::StrCat(circuit == kThree ? "t3b"
                               : circuit == kOne ? "t1b"
                                                 : "t2b"),
                  "BETTER");
  Make("b");
  EXPECT_EQ(StateOf(Get(first)), ReleaseState::kSuperseded);
  EXPECT_FALSE(Get(first).in_force);
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplied);
  EXPECT_EQ(Status(kOne).record.serving->training_hash, "t1b");
}

TEST_F(ReleaseTest, ARollbackPutsTheCommitBeforeInForce) {
  TrainAll();
  const std::string first = Make("a").group.id;
  StepAll();
  Put("b", {{kOne, "t1b"}, {kTwo, "t2"}});
  registry_.Add(kOne, "t1b", "BETTER", 1);
  Make("b");
  StepAll();
  EXPECT_EQ(Serving(kOne), 4);
  EXPECT_EQ(Serving(kThree), 0);
  const auto back =
      releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "anna", .reason = "wrong"});
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->pin.rollback_of, first);
  EXPECT_EQ(back->pin.commit, "a");
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(Serving(kThree), 3);
  EXPECT_EQ(
      ReasonOf(releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "", .reason = "x"})
                   .status()),
      "NO_PREVIOUS_RELEASE");
}

TEST_F(ReleaseTest, ARollbackNeverReturnsToWhatWasRolledBackFrom) {
  const auto back = [&] {
    return releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "", .reason = "x"});
  };
  TrainAll();
  const std::string first = Make("a").group.id;
  StepAll();
  for (const std::string commit : {"b", "c"}) {
    Put(commit, {{kOne, "t1" + commit}, {kTwo, "t2"}, {kThree, "t3"}});
    registry_.Add(kOne, "t1" + commit, "BETTER", 1);
    Make(commit);
    StepAll();
    const auto release = back();
    ASSERT_TRUE(release.ok()) << release.status();
    EXPECT_EQ(release->pin.commit, "a");
    EXPECT_EQ(release->pin.rollback_of, first);
    StepAll();
    EXPECT_EQ(Serving(kOne), 1);
  }
  EXPECT_EQ(ReasonOf(back().status()), "NO_PREVIOUS_RELEASE");
}

TEST_F(ReleaseTest, ARefusedCircuitWhoseDeploymentWasDeletedGetsItsChampionBack) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1b"}, {kTwo, "t2"}, {kThree, "t3"}});
  registry_.Add(kOne, "t1b", "NOT_BETTER", 1);
  Make("b");
  StepAll();
  ASSERT_EQ(Serving(kOne), 1);
  Sql("DELETE FROM inference.deployments WHERE plant_id = 'P001' AND circuit_id = 'C001'");
  Make("b");
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
}

TEST_F(ReleaseTest, ACommitWithoutAnyCircuitIsRefusedAndTakesNothingAway) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {});
  EXPECT_EQ(ReasonOf(TryRelease("b").status()), "FLEET_EMPTY");
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
}

// kill -9 after the effects outside and before the end is written: the next one finds them done.
TEST_F(ReleaseTest, ACommitThatRetiresMoreThanIsAllowedChangesNothing) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1"}});
  const auto allowing = [&](int most) {
    return releaser_.Create(NewRequest(),
                            {.revision = "b", .actor = "anna", .reason = "", .most_retired = most});
  };
  EXPECT_EQ(ReasonOf(allowing(1).status()), "LARGE_RETIREMENT");
  EXPECT_EQ(Get().pin.commit, "a");
  EXPECT_EQ(Status(kTwo).record.desired_state, DesiredState::kActive);
  ASSERT_TRUE(allowing(2).ok());
  StepAll();
  EXPECT_EQ(Serving(kTwo), 0);
  EXPECT_EQ(Serving(kOne), 1);
}

TEST_F(ReleaseTest, WhatWasRolledBackFromDoesNotComeBackByItself) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  Put("c", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d3");
  const std::string bad = Make("b").group.id;
  StepAll();
  ASSERT_TRUE(
      releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "mia", .reason = "bad"}).ok());
  StepAll();
  const auto again = TryRelease("b");
  EXPECT_EQ(ReasonOf(again.status()), "ROLLED_BACK");
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("by mia (bad)"));
  EXPECT_THAT(std::string(again.status().message()), HasSubstr(bad));
  EXPECT_EQ(Get().pin.commit, "a");
  EXPECT_TRUE(TryRelease("a").ok()) << "what is in force may be said again";
  // By its name, or by what came after it.
  ASSERT_TRUE(
      releaser_.RollBack(NewRequest(), bad, {.revision = "", .actor = "mia", .reason = "good"})
          .ok());
  EXPECT_EQ(Get().pin.commit, "b");
  ASSERT_TRUE(
      releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "mia", .reason = "bad"}).ok());
  EXPECT_EQ(ReasonOf(TryRelease("b").status()), "ROLLED_BACK");
  EXPECT_TRUE(TryRelease("c").ok());
}

TEST_F(ReleaseTest, ACircuitThatComesBackIsJudgedAgainstTheChampionThatItHad) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1"}, {kThree, "t3"}});
  Put("c", {{kOne, "t1"}, {kTwo, "t9"}, {kThree, "t3"}});
  Make("b");
  StepAll();
  ASSERT_FALSE(registry_.champions.contains(kTwo));
  Make("c");
  StepAll();
  EXPECT_EQ(registry_.champions[kTwo], 2);
  ASSERT_THAT(trainer_.started, SizeIs(1));
  const std::int64_t candidate = registry_.Add(kTwo, "t9", "NOT_BETTER", 2);
  EndTraining(trainer_.started[0], kTwo, TaskState::kSucceeded);
  Hurry();
  StepAll();
  EXPECT_EQ(Serving(kTwo), 2) << "not " << candidate;
  EXPECT_THAT(ConditionsOfCircuit(kTwo), ElementsAre("GATE_REFUSED"));
}

TEST_F(ReleaseTest, ChampionsAreRolledBackOneAfterTheOther) {
  TrainAll();
  Make("a");
  StepAll();
  for (const auto& [commit, hash] : {std::pair{"b", "t11"}, {"c", "t12"}}) {
    Put(commit, {{kOne, hash}, {kTwo, "t2"}, {kThree, "t3"}});
    registry_.Add(kOne, hash, "BETTER", registry_.champions[kOne]);
    Make(commit);
    StepAll();
  }
  const std::int64_t last = registry_.champions[kOne];
  ASSERT_EQ(Serving(kOne), last);
  const auto back = [&](const MutatingRequest& request) {
    return releaser_.Pin(request,
                         {.circuit = kOne, .roll_back = true, .actor = "mia", .reason = "drift"});
  };
  const MutatingRequest first = NewRequest();
  ASSERT_TRUE(back(first).ok());
  EXPECT_EQ(ReasonOf(back(NewRequest()).status()), "STEP_UNDER_WAY");
  StepAll();
  EXPECT_EQ(Serving(kOne), last - 1);
  EXPECT_TRUE(back(first).ok()) << "said twice, done once";
  StepAll();
  EXPECT_EQ(Serving(kOne), last - 1);
  ASSERT_TRUE(back(NewRequest()).ok());
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(ReasonOf(back(NewRequest()).status()), "NO_PREVIOUS_CHAMPION");
}

// A pipeline that follows the release is not to fail for what somebody does by hand meanwhile.
TEST_F(ReleaseTest, WhatIsAskedByHandWhileAReleaseIsAppliedLeavesItApplied) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1b"}, {kTwo, "t2b"}, {kThree, "t3"}});
  const std::string id = Make("b").group.id;
  StepAll();  // both wait for their training
  const NewPin pin{.circuit = kOne, .actor = "anna", .reason = "inspection"};
  ASSERT_TRUE(releaser_.Pin(NewRequest(), pin).ok());
  ASSERT_TRUE(
      releaser_.Pin(NewRequest(), {.circuit = kTwo, .actor = "anna", .reason = "looks"}).ok());
  ASSERT_TRUE(store_.Unpin(NewRequest(), kTwo, "anna", "looked").ok());
  StepAll();
  EXPECT_EQ(StateOf(Get(id)), ReleaseState::kApplied) << ReleaseReason(Get(id));
  const auto steps = store_.ListSteps(id, {}, {});
  ASSERT_TRUE(steps.ok()) << steps.status();
  for (const ReleaseStep& step : steps->items) {
    if (step.circuit == kThree) continue;
    EXPECT_EQ(step.task.state, TaskState::kSucceeded);
    EXPECT_THAT(step.result.why, HasSubstr("left to what anna asked by hand"));
    EXPECT_EQ(step.result.model_version, Serving(step.circuit));
  }
  EXPECT_EQ(Serving(kOne), 1) << "it is pinned";
  registry_.Add(kTwo, "t2b", "BETTER", 2);
  for (const FakeTrainer::Started& run : trainer_.started)
    EndTraining(run, kTwo, TaskState::kSucceeded);
  Hurry();
  StepAll();
  EXPECT_EQ(Serving(kTwo), 4) << "what was unpinned goes on to what the release says";
  EXPECT_EQ(Make("b").group.id, id);
}

TEST_F(ReleaseTest, APinsEndTakesWhatTheGateRefusedOutOfService) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t9"}, {kTwo, "t2"}, {kThree, "t3"}});
  const std::int64_t refused = registry_.Add(kOne, "t9", "NOT_BETTER", 1);
  Make("b");
  StepAll();
  ASSERT_TRUE(
      releaser_
          .Pin(NewRequest(),
               {.circuit = kOne, .model_version = refused, .actor = "mia", .reason = "try it"})
          .ok());
  StepAll();
  ASSERT_EQ(Serving(kOne), refused);
  ASSERT_TRUE(store_.Unpin(NewRequest(), kOne, "mia", "tried").ok());
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(registry_.champions[kOne], 1);
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("GATE_REFUSED"));
}

TEST_F(ReleaseTest, APinsEndTakesARefusedVersionOfAnotherConfigurationOutOfServiceToo) {
  TrainAll();
  Make("a");
  StepAll();
  const std::int64_t unmerged = registry_.Add(kOne, "unmerged", "NOT_BETTER", 1);
  ASSERT_TRUE(
      releaser_
          .Pin(NewRequest(),
               {.circuit = kOne, .model_version = unmerged, .actor = "mia", .reason = "try it"})
          .ok());
  StepAll();
  ASSERT_EQ(Serving(kOne), unmerged);
  ASSERT_TRUE(store_.Unpin(NewRequest(), kOne, "mia", "tried").ok());
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(registry_.champions[kOne], 1);
  EXPECT_THAT(ConditionsOfCircuit(kOne), IsEmpty());
  EXPECT_THAT(trainer_.started, IsEmpty());
}

TEST_F(ReleaseTest, WhatIsDeployedByHandIsOutOfSyncUntilTheNextRelease) {
  TrainAll();
  Make("a");
  StepAll();
  const std::int64_t other = registry_.Add(kOne, "t1", "NOT_BETTER", 1);
  auto deployment = deployments_.Get(kOne);
  ASSERT_TRUE(deployment.ok());
  deployment->model_version = other;
  ASSERT_TRUE(deployments_.Deploy(NewRequest(), *deployment, "").ok());
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("OUT_OF_SYNC"));
  EXPECT_EQ(Make("a").group.counts.total(), 1);
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_THAT(ConditionsOfCircuit(kOne), IsEmpty());
}

TEST_F(ReleaseTest, WhatIsAwayIsWaitedForByOneStepOfABatch) {
  Make("a");
  trainer_.away = true;
  StepOnce();
  EXPECT_EQ(trainer_.calls, 1);
}

TEST_F(ReleaseTest, AReleaseWhoseStepsCannotStartNamesWhatHoldsThem) {
  TrainAll();
  const MutatingRequest request{.request_id = ids_.NewUuid(), .method = "UpdatePool"};
  ASSERT_TRUE(workqueue::SetPool(releasing_, request,
                                 {.id = kReleasingQueue, .paused = true, .reason = "inspection"})
                  .ok());
  EXPECT_THAT(ReleaseReason(Make("a")), HasSubstr("pool releasing is paused (inspection)"));
  const CircuitStatus status = Status(kOne);
  ASSERT_FALSE(status.conditions.empty());
  EXPECT_EQ(status.conditions[0].severity, Severity::kError);
  EXPECT_THAT(status.conditions[0].message, HasSubstr("pool releasing is paused (inspection)"));
}

TEST_F(ReleaseTest, ABranchThatIsFollowedIsPutInForceAsItMoves) {
  TrainAll();
  PostgresFollowedBranchStore followed(pool_);
  BranchFollower follower("main", catalog_, releaser_, store_, followed);
  const auto look = [&] {
    const absl::Status looked = follower.Look();
    EXPECT_TRUE(looked.ok()) << looked;
    return followed.GetFollowed()->value_or(FollowedBranch{});
  };
  catalog_.branches["main"] = "a";
  EXPECT_EQ(look().head_commit, "a");
  EXPECT_EQ(Get().pin.commit, "a");
  EXPECT_EQ(Get().pin.actor, "release_branch");
  StepAll();
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  catalog_.branches["main"] = "b";
  EXPECT_EQ(look().reason, "");
  EXPECT_EQ(Get().pin.commit, "b");
  StepAll();
  // A head that was refused is told, and not asked about again until something changes.
  ASSERT_TRUE(
      releaser_.RollBack(NewRequest(), "", {.revision = "", .actor = "mia", .reason = "bad"}).ok());
  EXPECT_EQ(look().reason, "ROLLED_BACK");
  const int reads = catalog_.fleet_reads;
  EXPECT_THAT(look().message, HasSubstr("by mia (bad)"));
  EXPECT_EQ(catalog_.fleet_reads, reads);
  const auto summary = store_.Summarize("", std::nullopt);
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_THAT(summary->problems, SizeIs(1));
  EXPECT_EQ(summary->problems[0].reason, "ROLLED_BACK");
  EXPECT_EQ(Get().pin.commit, "a");
  catalog_.away = true;
  EXPECT_EQ(look().reason, "UNAVAILABLE");
  EXPECT_EQ(look().head_commit, "b") << "as it was seen last";
  catalog_.away = false;
  Put("c", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d3");
  catalog_.branches["main"] = "c";
  EXPECT_EQ(look().reason, "");
  EXPECT_EQ(Get().pin.commit, "c");
}

TEST_F(ReleaseTest, ABranchWhoseRemoteCannotBeAskedIsAProblemAlthoughWhatIsKnownIsInForce) {
  TrainAll();
  PostgresFollowedBranchStore followed(pool_);
  BranchFollower follower("main", catalog_, releaser_, store_, followed);
  catalog_.branches["main"] = "a";
  ASSERT_TRUE(follower.Look().ok());
  StepAll();
  EXPECT_THAT(store_.Summarize("", std::nullopt)->problems, IsEmpty());
  catalog_.fresh = NotFetched("REMOTE_UNREACHABLE", "git.example.org refuses connections",
                              absl::FromUnixSeconds(1'765'238'400));
  ASSERT_TRUE(follower.Look().ok());
  const auto problems = store_.Summarize("", std::nullopt)->problems;
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "REMOTE_UNREACHABLE");
  EXPECT_EQ(problems[0].severity, Severity::kError);
  EXPECT_THAT(problems[0].message, HasSubstr("git.example.org refuses connections"));
  EXPECT_THAT(problems[0].message, HasSubstr("2025-12-09T00:00:00"));
  EXPECT_THAT(problems[0].message, Not(HasSubstr("not in force")));
  // What came before the remote went away is released all the same.
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  catalog_.branches["main"] = "b";
  ASSERT_TRUE(follower.Look().ok());
  EXPECT_EQ(Get().pin.commit, "b");
  EXPECT_THAT(store_.Summarize("", std::nullopt)->problems, SizeIs(1));
  catalog_.fresh = absl::OkStatus();
  ASSERT_TRUE(follower.Look().ok());
  EXPECT_THAT(store_.Summarize("", std::nullopt)->problems, IsEmpty());
}

TEST_F(ReleaseTest, ABranchWhoseHistoryWasRewrittenIsSaidToHaveDiverged) {
  TrainAll();
  PostgresFollowedBranchStore followed(pool_);
  BranchFollower follower("main", catalog_, releaser_, store_, followed);
  catalog_.branches["main"] = "a";
  ASSERT_TRUE(follower.Look().ok());
  StepAll();
  Put("new", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  catalog_.branches["main"] = "new";
  catalog_.gone = {"a"};
  ASSERT_TRUE(follower.Look().ok());
  const auto problems = store_.Summarize("", std::nullopt)->problems;
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "DIVERGED_RELEASE");
  EXPECT_THAT(problems[0].message, HasSubstr("the head of main (new), which is followed, is not"));
}

TEST_F(ReleaseTest, ReplicasThatFollowNoBranchKeepNobodyFromFollowingOne) {
  TrainAll();
  PostgresFollowedBranchStore store(pool_);
  BranchFollower nobody("", catalog_, releaser_, store_, store),
      follower("main", catalog_, releaser_, store_, store);
  const db::Duty without = FollowDuty("", nobody, store),
                 with = FollowDuty("main", follower, store);
  // Who does the one has not done the other.
  EXPECT_NE(with.name, without.name);
  EXPECT_NE(with.name, FollowDuty("prod", follower, store).name);
  EXPECT_THAT(FollowDuty("a,b", follower, store).name, Not(HasSubstr(",")));
  EXPECT_LE(with.every, absl::Seconds(15));
  catalog_.branches["main"] = "a";
  ASSERT_TRUE(with.run(pool_).ok());
  EXPECT_EQ(Get().pin.commit, "a");
  ASSERT_TRUE(without.run(pool_).ok());
  EXPECT_EQ((*store.GetFollowed())->branch, "main");
  // Nobody looks any more: told for a day, then forgotten.
  Sql("UPDATE inference.followed_branch SET check_time = now() - interval '23 hours'");
  ASSERT_TRUE(without.run(pool_).ok());
  EXPECT_EQ(store_.Summarize("", std::nullopt)->problems[0].reason, "RELEASE_BRANCH_UNSEEN");
  Sql("UPDATE inference.followed_branch SET check_time = now() - interval '25 hours'");
  ASSERT_TRUE(without.run(pool_).ok());
  EXPECT_FALSE(store.GetFollowed()->has_value());
}

TEST_F(ReleaseTest, OfTwoBranchesOneIsKeptInForceAndTheOtherIsAProblem) {
  TrainAll();
  PostgresFollowedBranchStore followed(pool_);
  BranchFollower main("main", catalog_, releaser_, store_, followed),
      staging("staging", catalog_, releaser_, store_, followed);
  catalog_.branches["main"] = "a";
  Put("b", {{kOne, "t1"}, {kTwo, "t2"}, {kThree, "t3"}}, "d2");
  catalog_.branches["staging"] = "b";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(main.Look().ok());
    ASSERT_TRUE(staging.Look().ok());
  }
  EXPECT_EQ(Get().pin.commit, "a");
  const auto problems = store_.Summarize("", std::nullopt)->problems;
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "TWO_RELEASE_BRANCHES");
  EXPECT_THAT(problems[0].message, HasSubstr("--release-branch staging"));
  // Who follows the one is gone, or has been told to follow the other.
  StepAll();
  Sql("UPDATE inference.followed_branch SET check_time = now() - interval '3 minutes'");
  ASSERT_TRUE(staging.Look().ok());
  EXPECT_EQ(Get().pin.commit, "b");
  Sql("UPDATE inference.followed_branch SET rival_time = now() - interval '3 minutes'");
  EXPECT_THAT(store_.Summarize("", std::nullopt)->problems, IsEmpty());
}

TEST_F(ReleaseTest, AStepWhoseHolderDiedIsDoneOnceByTheNext) {
  TrainAll();
  Make("a");
  ASSERT_EQ(StepOnce(/*die=*/true), 3);
  EXPECT_EQ(registry_.changes, 3);
  EXPECT_EQ(Serving(kOne), 0) << "what is ours is written with the end";
  Sql("UPDATE inference.task_holds SET lease_expire_time = now() - interval '1 s'");
  ASSERT_EQ(*releasing_.EndDead(pool_, 100), 3);
  Hurry();
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplied);
  EXPECT_EQ(registry_.changes, 3);
  EXPECT_EQ(Serving(kOne), 1);
}

TEST_F(ReleaseTest, AHolderWhoseReleaseWasSupersededWritesNothing) {
  TrainAll();
  Make("a");
  const absl::Duration asked_at = clock_.Monotonic();
  auto fetched = releasing_.Fetch(
      {.holder = "slow", .pool = kReleasingQueue, .most = 100, .lease = absl::Seconds(60)});
  ASSERT_TRUE(fetched.ok());
  Put("b", {{kOne, "t1"}});
  Make("b");
  workqueue::Batch batch;
  for (workqueue::FetchedTask& task : *fetched)
    batch.push_back(
        std::make_shared<workqueue::Hold>(clock_, std::move(task), asked_at, absl::Seconds(60)));
  workqueue::Conclude(releasing_, batch, runner_(batch));
  EXPECT_EQ(Serving(kOne), 0);
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_EQ(Serving(kTwo), 0) << "it is gone by now";
}

TEST_F(ReleaseTest, WhatIsAwayPutsStepsOffAndCostsNoAttempt) {
  TrainAll();
  Make("a");
  registry_.away = true;
  StepAll();
  const auto steps = store_.ListSteps(Get().group.id, {}, {});
  ASSERT_THAT(steps->items, SizeIs(3));
  EXPECT_EQ(steps->items[0].task.state, TaskState::kQueued);
  EXPECT_EQ(steps->items[0].task.attempt_count, 0);
  registry_.away = false;
  const auto matching = [&](const char* text) {
    const auto filter = ParseFilter(text, StepFilterFields());
    EXPECT_TRUE(filter.ok()) << filter.status();
    return store_.ListSteps(Get().group.id, *filter, {})->items.size();
  };
  EXPECT_EQ(matching("state = STATE_QUEUED"), 3U);
  EXPECT_EQ(matching("action = ACTION_PROMOTED"), 0U);
  Hurry();
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kApplied);
  EXPECT_EQ(matching("state = STATE_SUCCEEDED AND action = ACTION_PROMOTED"), 3U);
  EXPECT_EQ(matching("state = queued"), 0U);
}

TEST_F(ReleaseTest, AnUnsoundCircuitKeepsWhatItHasAndIsNamed) {
  TrainAll();
  Make("a");
  StepAll();
  Put("b", {{kOne, "t1"}, {kThree, "t3"}});
  catalog_.fleets["b"].unsound = {{kTwo, "config/plants/P001/C002.yml:12:3: no number"}};
  const Release release = Make("b");
  EXPECT_THAT(release.pin.unsound_circuits, ElementsAre("P001.C002"));
  StepAll();
  EXPECT_EQ(StateOf(Get()), ReleaseState::kDegraded);
  EXPECT_EQ(ReleaseReason(Get()), "1 circuit keeps what it has, for errors of its configuration");
  EXPECT_EQ(Serving(kTwo), 2);
  EXPECT_THAT(ConditionsOfCircuit(kTwo), ElementsAre("OUT_OF_SYNC"));
  EXPECT_EQ(Status(kTwo).conditions[0].reason, "CONFIGURATION_UNSOUND");
  EXPECT_EQ(Status(kTwo).conditions[0].message,
            "its configuration has errors at the commit in force, so it keeps what it has: "
            "config/plants/P001/C002.yml:12:3: no number");
}

TEST_F(ReleaseTest, APinHoldsACircuitUntilItIsUnpinned) {
  TrainAll();
  Make("a");
  StepAll();
  const std::int64_t other = registry_.Add(kOne, "old", "BETTER");
  const auto pinned = releaser_.Pin(
      NewRequest(), {.circuit = kOne, .model_version = other, .actor = "anna", .reason = "drift"});
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  StepAll();
  EXPECT_EQ(Serving(kOne), other);
  EXPECT_EQ(registry_.champions[kOne], other);
  EXPECT_THAT(ConditionsOfCircuit(kOne), ElementsAre("PINNED"));
  Put("b", {{kOne, "t1b"}, {kTwo, "t2"}, {kThree, "t3"}});
  registry_.Add(kOne, "t1b", "BETTER", other);
  EXPECT_EQ(Make("b").pin.plan.pinned, 1);
  StepAll();
  EXPECT_EQ(Serving(kOne), other);
  ASSERT_TRUE(store_.Unpin(NewRequest(), kOne, "anna", "mended").ok());
  StepAll();
  EXPECT_EQ(Status(kOne).record.serving->training_hash, "t1b");
  EXPECT_EQ(ReasonOf(store_.Unpin(NewRequest(), kOne, "anna", "again").status()),
            "CIRCUIT_NOT_PINNED");
  EXPECT_THAT(store_.List({}, {})->items, SizeIs(2)) << "what is done by hand is no release";
}

TEST_F(ReleaseTest, PinsAreRefusedWhereTheyCannotWork) {
  TrainAll();
  const auto pin = [&](const CircuitId& circuit, std::int64_t version) {
    return ReasonOf(
        releaser_
            .Pin(NewRequest(),
                 {.circuit = circuit, .model_version = version, .actor = "anna", .reason = "x"})
            .status());
  };
  EXPECT_EQ(pin(kOne, 2), "MODEL_OF_OTHER_CIRCUIT");
  EXPECT_EQ(
      releaser_
          .Pin(NewRequest(), {.circuit = kOne, .model_version = 1, .actor = "a", .reason = "x"})
          .status()
          .code(),
      absl::StatusCode::kNotFound);
  Deploy({"P009", "C009"});
  EXPECT_EQ(pin({"P009", "C009"}, 0), "CIRCUIT_NOT_CONFIGURED");
  Make("a");
  EXPECT_EQ(pin(kOne, 0), "CIRCUIT_NOT_DEPLOYED");
}

TEST_F(ReleaseTest, APinWhoseTimeIsOverEndsByItself) {
  TrainAll();
  Make("a");
  StepAll();
  const std::int64_t other = registry_.Add(kOne, "old", "BETTER");
  ASSERT_TRUE(releaser_
                  .Pin(NewRequest(), {.circuit = kOne,
                                      .model_version = other,
                                      .actor = "anna",
                                      .reason = "x",
                                      .ttl = absl::Milliseconds(100)})
                  .ok());
  StepAll();
  absl::SleepFor(absl::Milliseconds(150));
  registry_.versions[1].tags["gate_champion"] = std::to_string(other);
  ASSERT_TRUE(store_.EndPins(pool_).ok());
  StepAll();
  EXPECT_EQ(Serving(kOne), 1);
  EXPECT_FALSE(Status(kOne).record.pin.has_value());
}

TEST_F(ReleaseTest, StatusesAreListedFilteredAndCounted) {
  TrainAll();
  Make("a");
  StepAll();
  Deploy({"P009", "C009"});
  const auto list = [&](const std::string& filter, int size = 100, const std::string& plant = "") {
    PageRequest page{.size = size};
    std::vector<std::string> found;
    for (;;) {
      const auto parsed = ParseFilter(filter, StatusFilterFields());
      EXPECT_TRUE(parsed.ok()) << parsed.status();
      const auto statuses = store_.ListStatuses(plant, *parsed, page);
      EXPECT_TRUE(statuses.ok()) << statuses.status();
      for (const CircuitStatus& status : statuses->items)
        found.push_back(CircuitKey(status.record.circuit));
      if (statuses->next_after.empty()) return found;
      page.after = statuses->next_after;
    }
  };
  EXPECT_THAT(list("", 1), ElementsAre("P001.C001", "P001.C002", "P002.C001", "P009.C009"));
  EXPECT_THAT(list("", 100, "P001"), ElementsAre("P001.C001", "P001.C002"));
  EXPECT_THAT(list("desired_state = ACTIVE", 2), SizeIs(3));
  EXPECT_THAT(list("serving.model_version = \"models/sensor-model/versions/2\""),
              ElementsAre("P001.C002"));
  EXPECT_THAT(list("conditions:NOT_SCHEDULED AND plant_id = \"P002\""), ElementsAre("P002.C001"));
  EXPECT_THAT(list("conditions:TYPE_NOT_SCHEDULED", 2), SizeIs(4));
  EXPECT_THAT(list("desired_state = DESIRED_STATE_ACTIVE"), SizeIs(3));
  EXPECT_THAT(list("severity = ERROR"), IsEmpty());
  EXPECT_THAT(list("severity = SEVERITY_ERROR"), IsEmpty());
  for (const char* mistyped :
       {"conditions:FORCAST_LATE", "conditions = FORECAST_LATE", "severity = BAD"})
    EXPECT_EQ(ReasonOf(ParseFilter(mistyped, StatusFilterFields()).status()), "INVALID_FILTER")
        << mistyped;
  const auto summary = store_.Summarize("", std::nullopt);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->circuits, 4);
  EXPECT_EQ(summary->by_condition.at("NOT_SCHEDULED"), 4);
  EXPECT_EQ(store_.GetStatus({"P001", "C009"}).status().code(), absl::StatusCode::kNotFound);
}

// A schedule of a plant that has nothing is nobody's condition, and no reason to say "no problems".
TEST_F(ReleaseTest, ASchedulesPlantOfWhichNothingIsDeployedIsAProblemOfTheFleet) {
  DeployFleet();
  ASSERT_TRUE(
      schedules_.Create(NewRequest(), "daily", {.cron = "0 6 * * *", .plant_ids = {"P001", "P002"}})
          .ok());
  EXPECT_THAT(store_.Summarize("", std::nullopt)->problems, IsEmpty());
  ASSERT_TRUE(deployments_.Delete(NewRequest(), kThree, "").ok());
  const auto problems = store_.Summarize("", std::nullopt)->problems;
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].reason, "PLANT_NOT_DEPLOYED");
  EXPECT_EQ(problems[0].resource, "schedules/daily");
  const auto filter = ParseFilter("circuit_id = C001", StatusFilterFields());
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_THAT(store_.Summarize("", *filter)->problems, SizeIs(1))
      << "whichever circuits are asked for";
  EXPECT_THAT(problems[0].message, HasSubstr("P002"));
  EXPECT_THAT(store_.Summarize("P001", std::nullopt)->problems, IsEmpty());
  EXPECT_THAT(store_.Summarize("P002", std::nullopt)->problems, SizeIs(1));
}

TEST_F(ReleaseTest, AForecastThatIsLateNamesThePoolThatHoldsItsPlant) {
  DeployFleet();
  ASSERT_TRUE(schedules_.Create(NewRequest(), "hourly", {.cron = "0 * * * *"}).ok());
  Sql("UPDATE inference.deployments SET update_time = update_time - interval '3 hours'");
  Sql("UPDATE inference.schedules SET update_time = update_time - interval '3 hours'");
  PassTime(absl::Hours(2));
  const auto why_late = [&](const CircuitId& circuit) {
    for (const Condition& condition : Status(circuit).conditions)
      if (condition.type == ConditionType::kForecastLate) return condition.message;
    return std::string("not late");
  };
  const auto set_pool = [&](const workqueue::PoolChange& change) {
    EXPECT_TRUE(workqueue::SetPool(queue_, NewRequest(), change).ok());
  };
  EXPECT_THAT(why_late(kOne), HasSubstr("no replica of pool forecasting has been seen"));
  ASSERT_TRUE(queue_.SeeReplica("inference-1", {kForecastingQueue}, 1).ok());
  EXPECT_THAT(why_late(kOne), HasSubstr("`fleetcast local status`"));
  set_pool({.id = "plant-P001", .paused = true, .reason = "inspection"});
  EXPECT_THAT(why_late(kOne), HasSubstr("pool plant-P001 is paused (inspection)"));
  EXPECT_THAT(why_late(kOne), HasSubstr("`fleetcast pool list`"));
  EXPECT_THAT(why_late(kThree), HasSubstr("`fleetcast local status`"));
  set_pool({.id = "plant-P001", .limit = 0, .paused = false});
  EXPECT_THAT(why_late(kOne), HasSubstr("pool plant-P001 is at its limit: 0 of 0 run"));
  set_pool({.id = workqueue::kFleetPool, .paused = true});
  EXPECT_THAT(why_late(kThree), HasSubstr("pool fleet is paused"));
}

TEST_F(ReleaseTest, AForecastFromTheSameReadingsIsAnAnswerThoughAnotherStaysTheLatest) {
  DeployFleet();
  Store(ForecastOf(kOne, 1, "s1"));
  EXPECT_FALSE(Status(kOne).record.forecast->answer_time.has_value());
  Forecast naive = ForecastOf(kOne, 0, "s2");
  naive.source = ForecastSource::kLastValue;
  naive.source_reason = "version 1 could not make it: a column is gone";
  Store(naive);
  const auto answered = Status(kOne).record.forecast;
  EXPECT_EQ(answered->model_version, 1);
  EXPECT_GT(answered->answered(), answered->create_time);
  // What made the last one is told, though another is shown.
  const auto fallback = [&] {
    for (const Condition& condition : Status(kOne).conditions)
      if (condition.type == ConditionType::kOnFallback) return condition.message;
    return std::string();
  };
  EXPECT_THAT(fallback(), HasSubstr("a column is gone"));
  EXPECT_THAT(fallback(), HasSubstr("stands"));
  const absl::Time made = answered->create_time;
  Store(ForecastOf(kOne, 1, "s3"));
  EXPECT_EQ(fallback(), "");
  EXPECT_EQ(Status(kOne).record.forecast->create_time, made) << "the same is no newer";
  Forecast of_before = ForecastOf(kTwo, 1, "s1");
  Store(of_before);
  of_before.issue_time -= absl::Hours(5);
  Store(of_before);
  EXPECT_FALSE(Status(kTwo).record.forecast->answer_time.has_value()) << "about days gone by";
}

TEST_F(ReleaseTest, AQuestionAboutThePastThatFailsSaysNothingOfTheCircuit) {
  DeployFleet();
  const absl::Time past = absl::FromUnixSeconds(1'000'000);
  ASSERT_TRUE(sweeps_.CreateOne(NewRequest(), kOne, past).ok());
  ASSERT_TRUE(Fail(Fetch()));
  EXPECT_THAT(ConditionsOfCircuit(kOne), Not(Contains("FORECAST_FAILED")));
  ASSERT_TRUE(sweeps_.CreateOne(NewRequest(), kOne, std::nullopt).ok());
  ASSERT_TRUE(Fail(Fetch()));
  EXPECT_THAT(ConditionsOfCircuit(kOne), Contains("FORECAST_FAILED"));
  EXPECT_EQ(sweeps_.CreateOne(NewRequest(), kOne, absl::Now() + absl::Hours(2)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fleetcast::inference
