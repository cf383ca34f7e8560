// The worker's threads on a real Postgres: what becomes of work whatever happens around it.
#include "common/workqueue/worker.h"

#include <gmock/gmock.h>

#include <atomic>
#include <optional>

#include "common/base/notification.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/workqueue/conclusion.h"
#include "tests/integration/workqueue/queue_fixture.h"
#include "tests/support/fake_clock.h"

namespace fleetcast::workqueue {
namespace {

using ::testing::HasSubstr;

Verdict Judge(const absl::Status& status) {
  return {.failure = {.kind = FailureKind::kInternal,
                      .reason = "OOPS",
                      .message = std::string(status.message()),
                      .retryable = false},
          .away = absl::IsUnavailable(status) ? "registry" : ""};
}

BatchOutcome All(const Batch& batch, const Outcome& outcome) {
  return {.outcomes = std::vector<Outcome>(batch.size(), outcome)};
}

BatchOutcome Fails(const Batch& batch, const absl::Status& status) {
  BatchOutcome outcome;
  for (const auto& hold : batch) outcome.outcomes.push_back(OutcomeOf(status, *hold, Judge));
  return outcome;
}

class WorkerTest : public QueueFixture {
 protected:
  WorkerOptions Options() const {
    return {.holder = "replica-1",
            .pool = "here",
            .dsn = dsn_,
            .lease = absl::Seconds(20),
            .poll = absl::Milliseconds(100),
            .progress_every = absl::Milliseconds(20),
            .stuck_after = absl::Milliseconds(50)};
  }
  template <typename Done>
  void Await(Done&& done) {
    const Patience patience(absl::Seconds(60));
    while (!done() && !patience.IsOver()) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(done()) << "waited in vain";
  }
  void AwaitState(const std::string& name, TaskState state) {
    Await([&] { return Get("g1", name).state == state; });
  }
  SystemClock clock_;
};

TEST_F(WorkerTest, WorksInBatchesAndEndsThemInOneCommit) {
  Sql("CREATE TABLE effects (name text)");
  Enqueue("g1", TasksNamed("a", 120));
  std::atomic<std::size_t> largest = 0;
  WorkerOptions options = Options();
  options.slots = 2;
  options.batch = 20;
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    largest = std::max(largest.load(), batch.size());
    BatchOutcome outcome = All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
    outcome.effect = [batch](pqxx::work& work, const std::vector<std::size_t>& held) {
      for (const std::size_t i : held)
        work.exec_params("INSERT INTO effects VALUES ($1)", batch[i]->task().name);
      return absl::OkStatus();
    };
    return outcome;
  });
  worker.Start();
  Await([&] { return GetGroup("g1").state == GroupState::kSucceeded; });
  EXPECT_EQ(largest, 20u);
  EXPECT_EQ(Number("SELECT count(DISTINCT name) FROM effects"), 120);
  EXPECT_EQ(Number("SELECT count(*) FROM effects"), 120);
}

TEST_F(WorkerTest, TheNextTaskIsFetchedWhileTheEndOfTheLastIsWritten) {
  Enqueue("g1", {TaskNamed("a")});
  Enqueue("g2", {TaskNamed("b")});
  pqxx::connection elsewhere(dsn_);
  pqxx::work blocking(elsewhere);
  blocking.exec("SELECT FROM trainer.task_groups WHERE group_id = 'g1' FOR UPDATE");
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  Await([&] { return Number("SELECT count(*) FROM trainer.task_holds") == 2; });
  blocking.commit();
  Await([&] {
    return GetGroup("g1").state == GroupState::kSucceeded &&
           GetGroup("g2").state == GroupState::kSucceeded;
  });
}

TEST_F(WorkerTest, OtherRunsGoOnWhileOnesRowIsLocked) {
  Enqueue("g1", TasksNamed("a", 40));
  Enqueue("g2", TasksNamed("b", 40));
  pqxx::connection elsewhere(dsn_);
  pqxx::work blocking(elsewhere);
  blocking.exec("SELECT FROM trainer.task_groups WHERE group_id = 'g1' FOR UPDATE");
  std::atomic<int> worked_on = 0;
  WorkerOptions options = Options();
  options.slots = 2;
  options.batch = 2;
  options.slow_end_after = absl::Milliseconds(100);
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    for (const auto& hold : batch) worked_on += hold->task().group_id == "g1" ? 1 : 0;
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  Await([&] { return GetGroup("g2").state == GroupState::kSucceeded; });
  Enqueue("g3", TasksNamed("c", 40));
  Await([&] { return GetGroup("g3").state == GroupState::kSucceeded; });
  // What each slot had, what was fetched meanwhile, and what those who took over had fetched.
  EXPECT_LE(worked_on, 24);
  EXPECT_EQ(worker.stuck(), 0);
  blocking.commit();
  Await([&] { return GetGroup("g1").state == GroupState::kSucceeded; });
  EXPECT_EQ(worked_on, 40);
  EXPECT_EQ(Number("SELECT max(attempt_count) FROM trainer.tasks"), 1);
}

TEST_F(WorkerTest, OneTasksEffectThatIsRefusedFailsThatTaskAlone) {
  Sql("CREATE TABLE effects (name text CHECK (name <> 'a000001'))");
  Enqueue("g1", TasksNamed("a", 3));
  WorkerOptions options = Options();
  options.batch = 10;
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    BatchOutcome outcome = All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
    outcome.effect = [batch](pqxx::work& work, const std::vector<std::size_t>& held) {
      for (const std::size_t i : held)
        work.exec_params("INSERT INTO effects VALUES ($1)", batch[i]->task().name);
      return absl::OkStatus();
    };
    return outcome;
  });
  worker.Start();
  AwaitState("a000000", TaskState::kSucceeded);
  AwaitState("a000002", TaskState::kSucceeded);
  Await([&] { return Get("g1", "a000001").failure.has_value(); });
  EXPECT_EQ(Get("g1", "a000001").failure->reason, "OUTCOME_NOT_WRITTEN");
}

TEST_F(WorkerTest, AnExceptionFailsItsTaskAndNeitherTheProcessNorItsNeighbours) {
  Enqueue("g1", TasksNamed("a", 3));
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    if (batch[0]->task().name == "a000000") throw std::runtime_error("poison");
    if (batch[0]->task().name == "a000001") throw 7;
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  AwaitState("a000000", TaskState::kFailed);
  AwaitState("a000001", TaskState::kFailed);
  AwaitState("a000002", TaskState::kSucceeded);
  EXPECT_EQ(Get("g1", "a000000").failure->reason, "UNEXPECTED_EXCEPTION");
  EXPECT_THAT(Get("g1", "a000000").failure->message, HasSubstr("poison"));
}

TEST_F(WorkerTest, ADependencyThatIsAwayCostsNoAttempt) {
  Enqueue("g1", TasksNamed("a", 6));
  std::atomic<bool> away = true;
  std::atomic<int> tried = 0;
  WorkerOptions options = Options();
  options.slots = 4;
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    ++tried;
    if (away) return Fails(batch, absl::UnavailableError("the registry does not answer"));
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  Await([&] { return Number("SELECT count(*) FROM trainer.tasks WHERE snooze_count > 0") >= 3; });
  EXPECT_EQ(Number("SELECT max(attempt_count) FROM trainer.tasks WHERE state = 'QUEUED'"), 0);
  away = false;
  Await([&] { return GetGroup("g1").state == GroupState::kSucceeded; });
  EXPECT_EQ(Number("SELECT max(attempt_count) FROM trainer.tasks"), 1);
}

TEST_F(WorkerTest, ADrainHandsWorkBackWithoutSpendingAnAttempt) {
  Enqueue("g1", TasksNamed("a", 4));
  Notification running;
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    running.Notify();
    while (!batch[0]->MustStop()) absl::SleepFor(absl::Milliseconds(1));
    return Fails(batch, batch[0]->StopStatus());
  });
  worker.Start();
  running.WaitForNotification();
  EXPECT_TRUE(worker.Drain(absl::Seconds(60)));
  const Task task = Get("g1", "a000000");
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_EQ(task.attempt_count, 0);
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_holds"), 0);
}

TEST_F(WorkerTest, WhatIsBeingFetchedWhenADrainBeginsIsHandedBackToo) {
  Enqueue("g1", TasksNamed("a", 2));
  SetPool("here", 5);
  std::optional<Worker> worker;
  worker.emplace(Options(), queue_, clock_, [](const Batch& batch) {
    return Fails(batch, absl::InternalError("not drained"));
  });
  ASSERT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                work.exec("SELECT 1 FROM trainer.pools FOR UPDATE");
                worker->Start();
                Await([&] {
                  return Number(
                             "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                             " AND datname = current_database() AND query LIKE '%fetch_tasks%'") >
                         0;
                });
                worker->BeginDrain();
                return absl::OkStatus();
              }).ok());
  EXPECT_TRUE(worker->Drain(absl::Seconds(60)));
  worker.reset();
  EXPECT_EQ(Number("SELECT count(*) FROM trainer.task_holds"), 0);
  EXPECT_EQ(Number("SELECT sum(attempt_count) FROM trainer.tasks WHERE state = 'QUEUED'"), 0);
}

TEST_F(WorkerTest, ACancellationStopsTheWorkAndItsCalls) {
  Enqueue("g1", TasksNamed("a", 1));
  std::atomic<bool> calls_cancelled = false;
  Notification running, stopped;
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    const std::stop_callback callback(batch[0]->stop_token(), [&] { calls_cancelled = true; });
    running.Notify();
    while (!batch[0]->MustStop()) absl::SleepFor(absl::Milliseconds(1));
    stopped.Notify();
    return Fails(batch, batch[0]->StopStatus());
  });
  worker.Start();
  running.WaitForNotification();
  EXPECT_EQ(Cancel({.group_id = "g1"}), 1);
  EXPECT_TRUE(stopped.WaitFor(absl::Seconds(60)));
  EXPECT_TRUE(calls_cancelled);
  EXPECT_EQ(Get("g1", "a000000").state, TaskState::kCancelled);
}

// A read from a dead mount: nobody can end it, but it holds neither its place nor its slot.
TEST_F(WorkerTest, WorkThatHangsLosesItsPlaceAndItsSlot) {
  std::vector<NewTask> tasks = TasksNamed("a", 2);
  tasks[0].max_attempts = 1;
  tasks[0].attempt_timeout = absl::Milliseconds(100);
  Enqueue("g1", tasks);
  SetPool("fleet", 1);
  Notification release;
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    if (batch[0]->task().name == "a000000") release.WaitForNotification();
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  Await([&] {
    const auto ended = queue_.EndDead(pool_, 10);
    return ended.ok() && Get("g1", "a000000").state == TaskState::kFailed;
  });
  EXPECT_EQ(Get("g1", "a000000").failure->reason, "ATTEMPT_TIMEOUT");
  AwaitState("a000001", TaskState::kSucceeded);
  EXPECT_EQ(worker.stuck(), 1);
  EXPECT_FALSE(worker.Drain(absl::Milliseconds(50))) << "it is said that something hangs";
  release.Notify();
  EXPECT_TRUE(worker.Drain(absl::Seconds(60)));
  EXPECT_EQ(Get("g1", "a000000").state, TaskState::kFailed) << "what it did late is dropped";
}

// Postgres was away for longer than the lease, and nobody has ended the tasks meanwhile.
TEST_F(WorkerTest, WorkWhoseLeaseCouldNotBeRenewedIsWrittenOrHandedBackAtNoCost) {
  testing::FakeClock clock;
  Enqueue("g1", TasksNamed("a", 3));
  Batch batch;
  for (FetchedTask& task : Fetch(3, absl::Seconds(60)))
    batch.push_back(
        std::make_shared<Hold>(clock, std::move(task), clock.Monotonic(), absl::Seconds(60)));
  clock.Advance(absl::Seconds(70));
  EXPECT_EQ(Cancel({.group_id = "g1", .name = "a000002"}), 1);
  BatchOutcome outcome = Fails(batch, batch[0]->StopStatus());
  outcome.outcomes[1] = outcome.outcomes[2] = {.ending = Ending::kSucceeded, .result = "{}"};
  Conclude(queue_, batch, outcome);
  const Task stopped = Get("g1", "a000000");
  EXPECT_EQ(stopped.state, TaskState::kQueued);
  EXPECT_EQ(stopped.attempt_count, 0);
  EXPECT_THAT(stopped.state_reason, HasSubstr("replica-1, which could not renew its lease"));
  EXPECT_EQ(Get("g1", "a000001").state, TaskState::kSucceeded);
  EXPECT_EQ(Get("g1", "a000002").state, TaskState::kCancelled) << "what others ended stays so";
}

TEST_F(WorkerTest, ProgressIsWrittenWhileTheWorkGoesOn) {
  Enqueue("g1", TasksNamed("a", 1));
  Notification seen;
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    batch[0]->Report(R"({"epoch": 7})");
    EXPECT_TRUE(seen.WaitFor(absl::Seconds(60)));
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  Await([&] { return Get("g1", "a000000").progress == R"({"epoch": 7})"; });
  seen.Notify();
  AwaitState("a000000", TaskState::kSucceeded);
}

TEST_F(WorkerTest, WhatALostAnswerFetchedIsHandedBackAtNoCost) {
  Enqueue("g1", {TaskNamed("a")});
  ASSERT_THAT(Fetch(1, absl::Hours(1)), ::testing::SizeIs(1)) << "as replica-1, which never heard";
  Worker worker(Options(), queue_, clock_, [&](const Batch& batch) {
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  // A fetch fails, and so may have taken something.
  const auto rename = [this](const char* from, const char* to) {
    Sql(absl::StrCat(
        "DO $$ DECLARE f regprocedure; BEGIN FOR f IN SELECT oid::regprocedure"
        " FROM pg_proc WHERE pronamespace = 'trainer'::regnamespace AND proname = '",
        from, "' LOOP EXECUTE 'ALTER FUNCTION ' || f || ' RENAME TO ", to, "'; END LOOP; END $$"));
  };
  rename("fetch_tasks", "no_more");
  AwaitState("a", TaskState::kQueued);
  EXPECT_THAT(Get("g1", "a").state_reason, HasSubstr("did not hear that it had fetched it"));
  rename("no_more", "fetch_tasks");
  AwaitState("a", TaskState::kSucceeded);
  EXPECT_EQ(Get("g1", "a").attempt_count, 1);
}

TEST_F(WorkerTest, TheNextOfAKeyIsFetchedWhenTheLastHasEndedNotAtTheNextPoll) {
  for (const char* group : {"g1", "g2", "g3"}) Enqueue(group, {TaskNamed("a")});
  WorkerOptions options = Options();
  options.poll = absl::Hours(1);
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  for (const char* group : {"g1", "g2", "g3"})
    Await([&] { return GetGroup(group).state == GroupState::kSucceeded; });
}

TEST_F(WorkerTest, WhatWaitsIsLookedAtWhenItsTimeHasComeNotAtTheNextPoll) {
  Enqueue("g1", {TaskNamed("a")});
  WorkerOptions options = Options();
  options.poll = absl::Hours(1);
  std::atomic<int> looks = 0;
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    if (++looks < 4)
      return All(batch, {.ending = Ending::kWaiting,
                         .reason = "another's work",
                         .wait = absl::Milliseconds(100)});
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  AwaitState("a", TaskState::kSucceeded);
  EXPECT_EQ(looks, 4);
}

TEST_F(WorkerTest, WorkIsNoticedWithoutPolling) {
  WorkerOptions options = Options();
  options.poll = absl::Hours(1);
  Worker worker(options, queue_, clock_, [&](const Batch& batch) {
    return All(batch, {.ending = Ending::kSucceeded, .result = "{}"});
  });
  worker.Start();
  // Presence is announced before the first look.
  Await([&] { return Number("SELECT count(*) FROM trainer.replicas") == 1; });
  Enqueue("g1", TasksNamed("a", 3));
  Await([&] { return GetGroup("g1").state == GroupState::kSucceeded; });
}

}  // namespace
}  // namespace fleetcast::workqueue
