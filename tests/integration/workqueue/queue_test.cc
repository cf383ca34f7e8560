// What the work queue promises, on a real Postgres.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "common/base/status.h"
#include "tests/integration/workqueue/queue_fixture.h"

namespace fleetcast::workqueue {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using QueueTest = QueueFixture;

TEST_F(QueueTest, AFetchTakesTheOldestFirstAndCountsAnAttempt) {
  Enqueue("g1", TasksNamed("a", 5));
  const auto fetched = Fetch(2);
  ASSERT_THAT(fetched, SizeIs(2));
  EXPECT_EQ(fetched[0].name, "a000000");
  EXPECT_EQ(fetched[0].attempt_count, 1);
  EXPECT_EQ(fetched[0].lease_epoch, 1);
  EXPECT_EQ(fetched[0].pin, R"({"why": "test"})");
  EXPECT_THAT(FetchNames(9), ElementsAre("a000002", "a000003", "a000004"));
  EXPECT_THAT(Fetch(1), IsEmpty());
  const Group group = GetGroup("g1");
  EXPECT_EQ(group.state, GroupState::kRunning);
  EXPECT_EQ(group.counts.running, 5);
  EXPECT_TRUE(group.started_at);
}

TEST_F(QueueTest, OnlyTasksOfThePoolThatIsServedAreFetched) {
  NewTask elsewhere = TaskNamed("b");
  elsewhere.pool = "elsewhere";
  Enqueue("g1", {TaskNamed("a"), elsewhere});
  EXPECT_THAT(FetchNames(9), ElementsAre("a"));
}

TEST_F(QueueTest, ManyWhoFetchAtOnceTakeEachTaskOnce) {
  Enqueue("g1", TasksNamed("a", 600));
  Enqueue("g2", TasksNamed("b", 600));
  std::mutex mutex;
  std::multiset<std::string> names;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      // Others may have locked what was left when we looked: it is over when nothing is queued.
      while (Number("SELECT count(*) FROM trainer.tasks WHERE state = 'QUEUED'") > 0) {
        const auto fetched = Fetch(17);
        Succeed(fetched);
        const std::lock_guard lock(mutex);
        for (const FetchedTask& task : fetched) names.insert(task.name);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(names.size(), 1200u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 1200u);
  for (const char* const group : {"g1", "g2"}) {
    EXPECT_EQ(GetGroup(group).state, GroupState::kSucceeded);
    EXPECT_EQ(GetGroup(group).counts.succeeded, 600);
  }
}

TEST_F(QueueTest, ASuccessThatWasAnsweredOutlivesTheServersSuddenDeath) {
  Enqueue("g1", TasksNamed("a", 20));
  Succeed(Fetch(20));
  ASSERT_EQ(kill(testing::SharedCluster().postmaster_pid(), SIGKILL), 0);
  ASSERT_TRUE(testing::SharedCluster().Restart().ok());
  EXPECT_EQ(GetGroup("g1").counts.succeeded, 20);
}

TEST_F(QueueTest, APoolsLimitHoldsOverAllWhoFetch) {
  SetPool("fleet", 3);
  Enqueue("g1", TasksNamed("a", 40));
  std::atomic<int> running = 0, most = 0, done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      while (done < 40) {
        const auto fetched = Fetch(2);
        int now = running += static_cast<int>(fetched.size());
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        running -= static_cast<int>(fetched.size());
        done += static_cast<int>(fetched.size());
        Succeed(fetched);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(done, 40);
  EXPECT_EQ(Number("SELECT running FROM trainer.pools WHERE pool_id = 'fleet'"), 0);
}

TEST_F(QueueTest, ALimitThatIsSetWhileTasksRunCountsThem) {
  Enqueue("g1", TasksNamed("a", 9));
  const auto running = Fetch(2);
  SetPool("fleet", 3);
  EXPECT_THAT(Fetch(9), SizeIs(1));
  EXPECT_THAT(Fetch(9), IsEmpty());
  Succeed(running);
  EXPECT_THAT(Fetch(9), SizeIs(2));
  SetPool("fleet", std::nullopt);
  EXPECT_THAT(Fetch(9), SizeIs(4));
}

TEST_F(QueueTest, APoolThatIsFullOrPausedKeepsNobodyElseWaiting) {
  std::vector<NewTask> tasks = TasksNamed("a", 8);
  for (int i = 0; i < 6; ++i) tasks[i].pools.push_back(PlantPool("P001"));
  Enqueue("g1", tasks);
  SetPool(PlantPool("P001"), 1);
  EXPECT_THAT(Fetch(4), SizeIs(1)) << "of the first four, all of P001, one may run";
  EXPECT_THAT(FetchNames(4), ElementsAre("a000006", "a000007"));
  SetPool(PlantPool("P001"), std::nullopt, /*paused=*/true);
  EXPECT_THAT(Fetch(4), IsEmpty());
  SetPool(PlantPool("P001"), std::nullopt);
  EXPECT_THAT(Fetch(9), SizeIs(5));
}

TEST_F(QueueTest, OfTheTasksOfOneKeyOneRunsAtATime) {
  NewTask first = TaskNamed("a"), second = TaskNamed("b");
  first.key = second.key = "P001/C001";
  Enqueue("g1", {first, second});
  Enqueue("g2", {first});
  const auto fetched = Fetch(9);
  ASSERT_THAT(fetched, SizeIs(1));
  EXPECT_THAT(Fetch(9), IsEmpty());
  Succeed(fetched);
  EXPECT_THAT(Fetch(9), SizeIs(1));
}

TEST_F(QueueTest, GroupsTakeTurnsAndTheOneWithTheFewestRunningIsNext) {
  Enqueue("g1", TasksNamed("a", 50));
  Fetch(4);
  Enqueue("g2", TasksNamed("b", 50));
  EXPECT_THAT(FetchNames(1), ElementsAre("b000000"));
  EXPECT_THAT(FetchNames(1), ElementsAre("b000001"));
  EXPECT_THAT(FetchNames(4), UnorderedElementsAre("a000004", "a000005", "b000002", "b000003"));
}

TEST_F(QueueTest, WithinAGroupTheGreaterPriorityGoesFirst) {
  std::vector<NewTask> tasks = TasksNamed("a", 3);
  tasks[2].priority = 5;
  Enqueue("g1", tasks);
  EXPECT_THAT(FetchNames(1), ElementsAre("a000002"));
  ASSERT_TRUE(
      db::RunInTransaction(pool_, [&](pqxx::work& work) {
        return queue_.Move(work, {.group_id = "g1", .name = "a000001"}, std::nullopt, 7).status();
      }).ok());
  EXPECT_THAT(FetchNames(9), UnorderedElementsAre("a000001", "a000000"));
}

TEST_F(QueueTest, WhatIsMovedToAnotherPoolIsFetchedThere) {
  Enqueue("g1", TasksNamed("a", 2));
  ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                return queue_
                    .Move(work, {.group_id = "g1", .name = "a000000"}, "there", std::nullopt)
                    .status();
              }).ok());
  EXPECT_THAT(FetchNames(9), ElementsAre("a000001"));
  const auto there =
      queue_.Fetch({.holder = "r", .pool = "there", .most = 9, .lease = absl::Seconds(30)});
  ASSERT_TRUE(there.ok()) << there.status();
  EXPECT_THAT(*there, SizeIs(1));
}

TEST_F(QueueTest, APausedGroupOrTaskWaitsUntilItGoesOn) {
  Enqueue("g1", TasksNamed("a", 3));
  const auto pause = [&](const Selection& selection, bool paused) {
    return db::RunInTransaction(pool_,
                                [&](pqxx::work& work) {
                                  return queue_.SetPaused(work, selection, paused, "maintenance");
                                })
        .value_or(-1);
  };
  EXPECT_EQ(pause({.group_id = "g1", .name = "a000000"}, true), 1);
  EXPECT_THAT(Get("g1", "a000000").state_reason, HasSubstr("maintenance"));
  EXPECT_THAT(FetchNames(1), ElementsAre("a000001"));
  EXPECT_EQ(pause({.group_id = "g1"}, true), 1);
  EXPECT_THAT(Fetch(9), IsEmpty());
  EXPECT_EQ(pause({.group_id = "g1"}, false), 1);
  EXPECT_THAT(FetchNames(9), ElementsAre("a000002"));
  EXPECT_EQ(pause({.group_id = "g1", .name = "a000000"}, false), 1);
  EXPECT_THAT(FetchNames(9), ElementsAre("a000000"));
}

TEST_F(QueueTest, ARenewalIsRefusedOnceTheTaskIsGoneOrTheLeaseHasRunOut) {
  Enqueue("g1", TasksNamed("a", 3));
  const auto held = Fetch(2);
  const auto expired = Fetch(1, absl::Milliseconds(-1));
  Cancel({.group_id = "g1", .name = "a000001"});
  const auto renewals =
      queue_.Renew({held[0].hold(), held[1].hold(), expired[0].hold()}, absl::Seconds(30));
  ASSERT_TRUE(renewals.ok()) << renewals.status();
  EXPECT_THAT(*renewals, ElementsAre(Renewal::kRenewed, Renewal::kGone, Renewal::kGone));
}

TEST_F(QueueTest, ARenewalWaitsForNobodyWhoWritesTheSameHold) {
  Enqueue("g1", TasksNamed("a", 2));
  const auto held = Fetch(2);
  pqxx::connection other(dsn_);
  pqxx::work slow(other);
  slow.exec_params("UPDATE trainer.task_holds SET progress = '{}' WHERE task_id = $1", held[0].id);
  const auto renewals = queue_.Renew({held[0].hold(), held[1].hold()}, absl::Seconds(30));
  ASSERT_TRUE(renewals.ok()) << renewals.status();
  EXPECT_THAT(*renewals, ElementsAre(Renewal::kBusy, Renewal::kRenewed));
}

TEST_F(QueueTest, WhoeverWasFencedOutWritesNothing) {
  Enqueue("g1", {TaskNamed("a")});
  const auto old = Fetch(1, absl::Milliseconds(-1));
  ASSERT_EQ(*queue_.EndDead(pool_, 10), 1);
  Sql("UPDATE trainer.tasks SET ready_time = now()");
  const auto now = Fetch(1);
  ASSERT_THAT(now, SizeIs(1));
  EXPECT_EQ(now[0].lease_epoch, 2);
  int effects = 0;
  const Effect effect = [&](pqxx::work&, const std::vector<std::size_t>&) {
    ++effects;
    return absl::OkStatus();
  };
  EXPECT_THAT(Succeed(old, effect), ElementsAre(false));
  EXPECT_THAT(End(old, Ending::kFailed, Broken(false)), ElementsAre(false));
  EXPECT_THAT(*queue_.Progress({{old[0].hold(), "{}"}}), ElementsAre(false));
  EXPECT_EQ(effects, 0);
  EXPECT_THAT(Succeed(now, effect), ElementsAre(true));
  EXPECT_EQ(effects, 1);
}

TEST_F(QueueTest, ManySucceedInOneCommitWithTheEffectOfThoseStillHeld) {
  Enqueue("g1", TasksNamed("a", 4));
  const auto held = Fetch(4);
  Cancel({.group_id = "g1", .name = "a000001"});
  Sql("CREATE TABLE effects (task_index integer)");
  const Effect effect = [&](pqxx::work& work, const std::vector<std::size_t>& indices) {
    for (const std::size_t index : indices)
      work.exec_params("INSERT INTO effects VALUES ($1)", static_cast<int>(index));
    return absl::OkStatus();
  };
  EXPECT_THAT(Succeed(held, effect), ElementsAre(true, false, true, true));
  EXPECT_THAT(Succeed(held, effect), ElementsAre(true, false, true, true)) << "an answer was lost";
  EXPECT_EQ(Number("SELECT count(*) FROM effects"), 3) << "the effect took place once";
  const Group group = GetGroup("g1");
  EXPECT_EQ(group.counts.succeeded, 3);
  EXPECT_EQ(group.counts.cancelled, 1);
  EXPECT_EQ(group.state, GroupState::kCancelled);
}

TEST_F(QueueTest, AnEffectThatFailsEndsNothing) {
  Enqueue("g1", TasksNamed("a", 2));
  const auto held = Fetch(2);
  std::vector<Success> successes = {{held[0].hold(), "{}", ""}, {held[1].hold(), "{}", ""}};
  const auto failed = queue_.SucceedAll(
      successes,
      [](pqxx::work&, const std::vector<std::size_t>&) { return absl::InternalError("no"); });
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(GetGroup("g1").counts.running, 2);
}

TEST_F(QueueTest, AFailureIsAnAttemptAndAHandBackAndASnoozeAreNot) {
  Enqueue("g1", TasksNamed("a", 3));
  const auto held = Fetch(3);
  End({held[0]}, Ending::kFailed, Broken(true));
  End({held[1]}, Ending::kHandedBack);
  End({held[2]}, Ending::kSnoozed,
      Failure{.reason = "REGISTRY_AWAY", .message = "the registry does not answer"});
  EXPECT_EQ(Get("g1", "a000000").attempt_count, 1);
  EXPECT_EQ(Get("g1", "a000000").failure->reason, "BROKEN");
  EXPECT_TRUE(Get("g1", "a000000").failure->time);
  EXPECT_EQ(Get("g1", "a000001").attempt_count, 0);
  EXPECT_EQ(Get("g1", "a000002").attempt_count, 0);
  EXPECT_EQ(Get("g1", "a000002").snooze_count, 1);
  EXPECT_FALSE(Get("g1", "a000002").failure);
  EXPECT_THAT(Get("g1", "a000002").state_reason, HasSubstr("the registry does not answer"));
  EXPECT_THAT(FetchNames(9), ElementsAre("a000001")) << "the others wait";
}

TEST_F(QueueTest, ATaskFailsForGoodWithItsLastAttemptOrWhenNoOtherCouldHelp) {
  NewTask twice = TaskNamed("a");
  twice.max_attempts = 2;
  Enqueue("g1", {twice, TaskNamed("b")});
  auto held = Fetch(2);
  End({held[0]}, Ending::kFailed, Broken(true));
  End({held[1]}, Ending::kFailed, Broken(false));
  EXPECT_EQ(Get("g1", "a").state, TaskState::kQueued);
  EXPECT_EQ(Get("g1", "b").state, TaskState::kFailed);
  Sql("UPDATE trainer.tasks SET ready_time = now() WHERE state = 'QUEUED'");
  End(Fetch(1), Ending::kFailed, Broken(true));
  EXPECT_EQ(Get("g1", "a").state, TaskState::kFailed);
  EXPECT_EQ(GetGroup("g1").state, GroupState::kFailed);
  EXPECT_TRUE(GetGroup("g1").ended_at);
}

struct Death {
  const char* name;
  const char* make;  // SQL
  const char* reason;
};

TEST_F(QueueTest, AttemptsThatHaveDiedAreEndedByWhoeverLooks) {
  Enqueue("g1", TasksNamed("a", 4));
  const auto held = Fetch(4);
  const Death deaths[] = {
      {"a000000", "lease_expire_time = now() - interval '1 s'", "LEASE_EXPIRED"},
      {"a000001", "attempt_deadline = now() - interval '1 s'", "ATTEMPT_TIMEOUT"},
      {"a000002", "stall_deadline = now() - interval '1 s'", "ATTEMPT_STALLED"}};
  for (int i = 0; i < 3; ++i)
    Sql(absl::StrCat("UPDATE trainer.task_holds SET ", deaths[i].make,
                     " WHERE task_id = ", held[i].id));
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 3);
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 0);
  for (const Death& death : deaths) {
    const Task task = Get("g1", death.name);
    EXPECT_EQ(task.state, TaskState::kQueued);
    EXPECT_EQ(task.attempt_count, 1);
    EXPECT_EQ(task.failure->reason, death.reason);
    EXPECT_THAT(task.failure->message, HasSubstr("replica-1"));
  }
  EXPECT_EQ(Get("g1", "a000003").state, TaskState::kRunning);
}

TEST_F(QueueTest, TheDeadOfOtherGroupsAreEndedWhileOnesRowIsLocked) {
  for (const char* group : {"g1", "g2", "g3"}) Enqueue(group, TasksNamed(group, 2));
  ASSERT_EQ(Fetch(6, absl::Milliseconds(-1)).size(), 6U);
  pqxx::connection elsewhere(dsn_);
  pqxx::work blocking(elsewhere);
  blocking.exec("SELECT FROM trainer.task_groups WHERE group_id = 'g2' FOR UPDATE");
  const auto ended = queue_.EndDead(pool_, 100);
  EXPECT_EQ(ReasonOf(ended.status()), "POSTGRES_LOCK_TIMEOUT") << ended.status();
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_holds WHERE group_id <> 'g2'"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_holds"), 2);
  blocking.commit();
  EXPECT_EQ(*queue_.EndDead(pool_, 1), 1);
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 1);
}

TEST_F(QueueTest, RenewalAloneKeepsNoHungAttemptAliveButProgressDoes) {
  NewTask watched = TaskNamed("a");
  watched.stall_timeout = absl::Hours(1);
  Enqueue("g1", {watched});
  const auto held = Fetch(1);
  Sql("UPDATE trainer.task_holds SET stall_deadline = now() - interval '1 s'");
  ASSERT_THAT(*queue_.Progress({{held[0].hold(), R"({"epoch": 3})"}}), ElementsAre(true));
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 0);
  EXPECT_EQ(Get("g1", "a").progress, R"({"epoch": 3})");
  Sql("UPDATE trainer.task_holds SET stall_deadline = now() - interval '1 s'");
  ASSERT_TRUE(queue_.Renew({held[0].hold()}, absl::Seconds(30)).ok());
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 1);
  EXPECT_EQ(Get("g1", "a").progress, R"({"epoch": 3})") << "kept for those who ask how far it got";
}

TEST_F(QueueTest, APayloadThatNobodyCanReadStopsNobody) {
  std::vector<NewTask> tasks = TasksNamed("a", 3);
  tasks[0].payload = R"({"release": "of tomorrow"})";
  tasks[1].payload = R"("not even an object")";
  Enqueue("g1", tasks);
  Fetch(2, absl::Milliseconds(-1));
  EXPECT_EQ(*queue_.EndDead(pool_, 100), 2);
  EXPECT_THAT(FetchNames(9), ElementsAre("a000002"));
  EXPECT_EQ(Get("g1", "a000001").payload, R"("not even an object")");
}

TEST_F(QueueTest, NoDeadHolderBlocksACancellation) {
  std::vector<std::string> interrupted;
  Queue queue({.schema = "trainer",
               .queue = "training",
               .on_interrupted =
                   [&](pqxx::work&, const Task& task) {
                     interrupted.push_back(absl::StrCat(task.name, " of ", task.holder));
                     return absl::OkStatus();
                   }},
              pool_, lease_pool_);
  Enqueue("g1", TasksNamed("a", 3));
  // What a holder that was cut off had open is nobody's to close but whoever ends its attempt.
  ASSERT_TRUE(queue.End({{.hold = Fetch(1)[0].hold(), .ending = Ending::kHandedBack}}).ok());
  EXPECT_THAT(interrupted, ElementsAre("a000000 of replica-1"));
  interrupted.clear();
  Fetch(1);
  ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                return queue.Cancel(work, {.group_id = "g1"}, "").status();
              }).ok());
  EXPECT_EQ(GetGroup("g1").state, GroupState::kCancelled);
  EXPECT_EQ(GetGroup("g1").counts.cancelled, 3);
  EXPECT_THAT(interrupted, ElementsAre("a000001 of replica-1"));
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_holds"), 0);
}

TEST_F(QueueTest, ALaterTaskOfAKeySupersedesWhatWaitsButNotWhatRuns) {
  Enqueue("push1", TasksNamed("a", 3));
  Fetch(1);
  Enqueue("push2", TasksNamed("a", 2), /*supersede=*/true);
  EXPECT_EQ(Get("push1", "a000000").state, TaskState::kRunning);
  EXPECT_EQ(Get("push1", "a000001").state, TaskState::kCancelled);
  EXPECT_EQ(Get("push1", "a000001").state_reason, "superseded: by push2");
  EXPECT_EQ(Get("push1", "a000002").state, TaskState::kQueued);
}

TEST_F(QueueTest, FailedTasksAreTriedAgainInAGroupOfTheirOwn) {
  Enqueue("g1", TasksNamed("a", 3));
  const auto held = Fetch(3);
  Succeed({held[0]});
  End({held[1], held[2]}, Ending::kFailed, Broken(false));
  const auto retry = [&](const std::string& from, const std::string& to) {
    return db::RunInTransaction(pool_,
                                [&](pqxx::work& work) {
                                  return queue_.Retry(work, from, to, R"({"retry_of": "g1"})");
                                })
        .value_or(-1);
  };
  EXPECT_EQ(retry("g1", "g2"), 2);
  EXPECT_EQ(GetGroup("g2").pin, R"({"why": "test", "retry_of": "g1"})");
  EXPECT_THAT(FetchNames(9), ElementsAre("a000001", "a000002"));
  EXPECT_EQ(retry("g2", "g3"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_groups WHERE group_id = 'g3'"), 0);
}

TEST_F(QueueTest, AGroupWithoutTasksHasSucceeded) {
  Enqueue("g1", {});
  EXPECT_EQ(GetGroup("g1").state, GroupState::kSucceeded);
  EXPECT_TRUE(GetGroup("g1").ended_at);
}

TEST_F(QueueTest, SomebodyWhoHoldsAGroupsRowKeepsNoOtherGroupWaiting) {
  Enqueue("g1", TasksNamed("a", 2));
  Enqueue("g2", TasksNamed("b", 2));
  pqxx::connection other(dsn_);
  pqxx::work slow(other);
  slow.exec("SELECT 1 FROM trainer.task_groups WHERE group_id = 'g1' FOR UPDATE");
  const auto fetched = Fetch(9);
  EXPECT_THAT(fetched, SizeIs(4));
  for (const FetchedTask& task : fetched)
    if (task.group_id == "g2") {
      EXPECT_THAT(Succeed({task}), ElementsAre(true));
    }
  EXPECT_EQ(GetGroup("g2").state, GroupState::kSucceeded);
}

TEST_F(QueueTest, TextThatIsNoUtf8CanBeWrittenDown) {
  Enqueue("g1", {TaskNamed("a")});
  Failure failure = Broken(false);
  failure.message =
      "line 3: 23,5 \xb0"
      "C and \x01 and " +
      std::string(10'000, 'x');
  EXPECT_THAT(End(Fetch(1), Ending::kFailed, failure), ElementsAre(true));
  const Task task = Get("g1", "a");
  EXPECT_EQ(task.state, TaskState::kFailed);
  EXPECT_LT(task.failure->message.size(), 5000u);
  EXPECT_THAT(task.failure->message, HasSubstr("line 3: 23,5 "));
}

TEST_F(QueueTest, APageOfAllGroupsGoesOnWhereTheOneBeforeEnded) {
  for (const char* const group : {"g1", "g2", "g3"}) Enqueue(group, TasksNamed("a", 3));
  std::vector<std::string> seen;
  PageRequest page{.size = 2};
  for (bool more = true; more;) {
    ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                  const auto found = queue_.ListTasks(work, "", {"TRUE", {}}, page);
                  for (const Task& task : found.items)
                    seen.push_back(absl::StrCat(task.group_id, " ", task.name.substr(6)));
                  page.after = found.next_after;
                  more = !found.next_after.empty();
                  return absl::OkStatus();
                }).ok());
  }
  EXPECT_THAT(seen,
              ElementsAre("g3 0", "g3 1", "g3 2", "g2 0", "g2 1", "g2 2", "g1 0", "g1 1", "g1 2"));
}

TEST_F(QueueTest, WhatEndedLongAgoIsForgottenAndNothingElse) {
  Enqueue("old", TasksNamed("a", 3));
  Enqueue("new", TasksNamed("b", 2));
  Enqueue("live", TasksNamed("c", 2));
  Fetch(3);
  Cancel({.group_id = "old"});
  Cancel({.group_id = "new"});
  Sql("UPDATE trainer.task_groups SET end_time = now() - interval '9 days',"
      " create_time = now() - interval '10 days' WHERE group_id = 'old'");
  const absl::Status pruned = queue_.Prune(pool_, absl::Hours(24 * 7));
  ASSERT_TRUE(pruned.ok()) << pruned;
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_groups WHERE group_id = 'old'"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.tasks WHERE group_id = 'old'"), 0);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.tasks"), 4);
}

TEST_F(QueueTest, MovingToAPoolThatATaskIsOfAlreadyCountsItThereOnce) {
  std::vector<NewTask> tasks = TasksNamed("a", 4);
  for (NewTask& task : tasks) task.pools.push_back("plant-P1");
  Enqueue("g1", tasks);
  SetPool("plant-P1", 10);
  const absl::Status moved = db::RunInTransaction(pool_, [&](pqxx::work& work) {
    return queue_.Move(work, {.group_id = "g1"}, "plant-P1", std::nullopt).status();
  });
  ASSERT_TRUE(moved.ok()) << moved;
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.tasks WHERE pools = '{fleet,plant-P1}'"
                   " OR pools = '{plant-P1,fleet}'"),
            4);
}

// A fetch does not wait for the group's row.
TEST_F(QueueTest, AGroupWhoseRowWasLockedDuringItsFirstFetchHasBegunNonetheless) {
  Enqueue("g1", TasksNamed("a", 2));
  std::vector<FetchedTask> held;
  ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                work.exec("SELECT 1 FROM trainer.task_groups FOR UPDATE");
                held = Fetch(2);
                return absl::OkStatus();
              }).ok());
  ASSERT_EQ(held.size(), 2u);
  Succeed({held[0]});
  EXPECT_EQ(GetGroup("g1").state, GroupState::kRunning);
  Succeed({held[1]});
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_groups WHERE start_time IS NOT NULL"
                   " AND state = 'SUCCEEDED'"),
            1);
}

// Floors lie behind what is ready, not at what will be.
TEST_F(QueueTest, WhatIsQueuedAgainBeforeAllOthersAreReadyIsFetched) {
  std::vector<NewTask> tasks = TasksNamed("a", 600);
  for (std::size_t i = 1; i < tasks.size(); ++i) tasks[i].delay = absl::Hours(1);
  Enqueue("g1", tasks);
  const auto held = Fetch(10);
  ASSERT_EQ(held.size(), 1u);
  ASSERT_TRUE(queue_.Tend(pool_).ok());
  End({held[0]}, Ending::kHandedBack);
  EXPECT_EQ(Fetch(10).size(), 1u);
}

TEST_F(QueueTest, WhatIsQueuedAgainAfterTheClockWasSetBackIsFetched) {
  Enqueue("g1", TasksNamed("a", 600));
  const auto held = Fetch(600);
  Sql("UPDATE trainer.task_lanes SET fetch_floor = now() + interval '1 hour'");
  End({held[7]}, Ending::kHandedBack);
  EXPECT_EQ(Fetch(10).size(), 1u);
}

TEST_F(QueueTest, FloorsAreRaisedBehindWhatIsQueuedAndHideNothing) {
  std::vector<NewTask> tasks = TasksNamed("a", 900);
  tasks[899].priority = -1;
  tasks[898].pool = "elsewhere";
  Enqueue("g1", tasks);
  const auto held = Fetch(300);
  const auto next = Fetch(1);
  Succeed({held.begin() + 1, held.end()});
  Succeed(next);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_lanes"
                   " WHERE fetch_floor > create_time - interval '1 s'"),
            2);
  End({held[0]}, Ending::kHandedBack);
  std::set<std::string> names;
  for (;;) {
    const auto fetched = Fetch(100);
    if (fetched.empty()) break;
    for (const FetchedTask& task : fetched) names.insert(task.name);
  }
  EXPECT_EQ(names.size(), 599u);
  EXPECT_TRUE(names.contains("a000000"));
  EXPECT_TRUE(names.contains("a000899"));
}

// A task that was ready long ago comes into a lane whose floor is behind later ones.
TEST_F(QueueTest, AMovedTaskIsFetchedHoweverFarItsNewLaneHasCome) {
  std::vector<NewTask> tasks = TasksNamed("a", 600);
  tasks[0].priority = tasks[1].priority = -1;
  tasks[1].pool = "elsewhere";
  Enqueue("g1", tasks);
  Succeed(Fetch(300));
  Succeed(Fetch(10));
  ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                const Selection first = {.group_id = "g1", .name = "a000000"};
                const Selection second = {.group_id = "g1", .name = "a000001"};
                EXPECT_TRUE(queue_.Move(work, first, std::nullopt, 0).ok());
                EXPECT_TRUE(queue_.Move(work, second, "here", 0).ok());
                return absl::OkStatus();
              }).ok());
  std::set<std::string> names;
  for (const FetchedTask& task : Fetch(2)) names.insert(task.name);
  EXPECT_EQ(names, (std::set<std::string>{"a000000", "a000001"}));
}

// Vacuum finds the table empty and may remove nothing: what a plan would make of such a table as a
// whole, each fetch and renewal of ten minutes would pay.
TEST_F(QueueTest, WhatRanBeforeIsNotReadAgainWhileSomebodysTransactionKeepsIt) {
  constexpr int kBefore = 3000;
  db::ConnectionPool one({.dsn = dsn_, .size = 1});
  Queue queue({.schema = "trainer", .queue = "training"}, one, one);
  pqxx::connection elsewhere(dsn_);
  pqxx::transaction<pqxx::repeatable_read> pin(elsewhere);
  pin.exec("SELECT count(*) FROM trainer.task_holds");
  Sql(
      absl::StrCat("INSERT INTO trainer.task_holds (queue, key, task_id, group_id, lease_epoch,"
                   " holder, lease_expire_time) SELECT 'training', 'k' || i, 1000000 + i, 'old', 1,"
                   " 'replica', now() FROM generate_series(1, ",
                   kBefore, ") i"));
  Sql("DELETE FROM trainer.task_holds");
  ASSERT_TRUE(db::RunStatement(pool_, [](pqxx::nontransaction& work) {
                work.exec("VACUUM ANALYZE trainer.task_holds");
                return absl::OkStatus();
              }).ok());
  const auto entries_read = [&] {
    std::int64_t read = -1;
    EXPECT_TRUE(db::RunStatement(one, [&](pqxx::nontransaction& work) {
                  work.exec("SELECT pg_stat_force_next_flush()");
                  read = work.exec1(
                                 "SELECT sum(idx_tup_read) FROM pg_stat_user_indexes"
                                 " WHERE relname = 'task_holds'")[0]
                             .as<std::int64_t>();
                  return absl::OkStatus();
                }).ok());
    return read;
  };
  Enqueue("g1", TasksNamed("a", 20));
  const std::int64_t before = entries_read();
  const auto held =
      queue.Fetch({.holder = "r", .pool = "here", .most = 10, .lease = absl::Minutes(5)});
  ASSERT_TRUE(held.ok()) << held.status();
  ASSERT_THAT(*held, SizeIs(10));
  std::vector<HoldId> ids;
  std::vector<ProgressReport> reports;
  for (const FetchedTask& task : *held) {
    ids.push_back(task.hold());
    reports.push_back({task.hold(), R"({"epoch": 1})"});
  }
  EXPECT_THAT(*queue.Renew(ids, absl::Minutes(5)), Each(Renewal::kRenewed));
  EXPECT_THAT(*queue.Progress(reports), Each(true));
  EXPECT_EQ(Get("g1", held->front().name).progress, R"({"epoch": 1})");
  EXPECT_THAT(*queue.SucceedAll({{ids[0], "{}"}}), Each(true));
  EXPECT_THAT(*queue.SucceedAll({{ids[1], "{}"}},
                                [](pqxx::work&, const auto&) { return absl::OkStatus(); }),
              Each(true));
  EXPECT_THAT(*queue.End({{.hold = ids[2], .ending = Ending::kHandedBack}}), Each(true));
  EXPECT_LT(entries_read() - before, kBefore);
}

TEST_F(QueueTest, ALaneThatNobodyMayFetchFromIsNotWrittenTo) {
  Enqueue("g1", TasksNamed("a", 3));
  SetPool("fleet", std::nullopt, /*paused=*/true);
  Fetch(3);
  const auto written = [&] {
    return Sql("SELECT xmin FROM trainer.task_lanes")[0][0].as<std::string>();
  };
  const std::string before = written();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Fetch(3), IsEmpty());
  EXPECT_EQ(written(), before);
  SetPool("fleet", std::nullopt, /*paused=*/false);
  EXPECT_THAT(Fetch(3), SizeIs(3));
  EXPECT_EQ(GetGroup("g1").state, GroupState::kRunning);
}

TEST_F(QueueTest, PoolsTellWhatWaitsAndRunsInThem) {
  Enqueue("g1", TasksNamed("a", 3));
  Fetch(1);
  SetPool("fleet", 2);
  ASSERT_TRUE(queue_.SeeReplica("replica-1", {"here"}, 4).ok());
  const auto pools = ListPools(queue_);
  ASSERT_TRUE(pools.ok()) << pools.status();
  ASSERT_THAT(*pools, SizeIs(2));
  EXPECT_EQ((*pools)[0].id, "fleet");
  EXPECT_EQ((*pools)[0].limit, 2);
  EXPECT_EQ((*pools)[0].queued, 2);
  EXPECT_EQ((*pools)[0].running, 1);
  EXPECT_EQ((*pools)[1].slots, 4);
  EXPECT_TRUE((*pools)[0].oldest_queued_at);
}

TEST_F(QueueTest, OnlyAPoolThatNothingIsOfIsDeleted) {
  const auto remove = [&](const std::string& id, const std::string& request_id) {
    return workqueue::DeletePool(queue_, {.request_id = request_id, .method = "DeletePool"}, id);
  };
  Enqueue("g1", TasksNamed("a", 2));
  ASSERT_TRUE(queue_.SeeReplica("replica-1", {"there"}, 4).ok());
  SetPool("there", 1);
  SetPool("plant-P0001", 5);
  for (const char* used : {"fleet", "here", "there"})
    EXPECT_EQ(ReasonOf(remove(used, ids_.NewUuid())), "POOL_IN_USE") << used;
  Fetch(2);
  EXPECT_EQ(ReasonOf(remove("here", ids_.NewUuid())), "POOL_IN_USE") << "of what runs";
  const std::string request_id = ids_.NewUuid();
  EXPECT_TRUE(remove("plant-P0001", request_id).ok());
  EXPECT_THAT(*ListPools(queue_, "plant-P0001"), IsEmpty());
  EXPECT_TRUE(remove("plant-P0001", request_id).ok()) << "said twice";
  EXPECT_TRUE(absl::IsNotFound(remove("plant-P0001", ids_.NewUuid())));
}

TEST_F(QueueTest, ASettingOfAPoolThatIsRepeatedGetsItsFirstAnswer) {
  const MutatingRequest request{.request_id = ids_.NewUuid(), .method = "UpdatePool"};
  const PoolChange change{.id = "fleet", .limit = std::optional<int>(2)};
  ASSERT_TRUE(workqueue::SetPool(queue_, request, change).ok());
  SetPool("fleet", 7);
  const auto repeated = workqueue::SetPool(queue_, request, change);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_EQ(repeated->limit, 2);
  EXPECT_EQ(ListPools(queue_, "fleet")->at(0).limit, 7);
}

}  // namespace
}  // namespace fleetcast::workqueue
