// A work queue in a fresh database of a real Postgres.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/id.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "common/workqueue/pools.h"
#include "common/workqueue/queue.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::workqueue {

class QueueFixture : public ::testing::Test {
 protected:
  QueueFixture() { EXPECT_TRUE(db::Migrate(pool_, "trainer", db::trainerMigrations()).ok()); }

  static NewTask TaskNamed(const std::string& name) {
    return {.name = name, .key = name, .pool = "here", .pools = {"fleet"}, .max_attempts = 3};
  }
  static std::vector<NewTask> TasksNamed(const std::string& prefix, int count) {
    std::vector<NewTask> tasks;
    for (int i = 0; i < count; ++i)
      tasks.push_back(TaskNamed(absl::StrCat(prefix, absl::Dec(i, absl::kZeroPad6))));
    return tasks;
  }
  void Enqueue(const std::string& group, const std::vector<NewTask>& tasks,
               bool supersede = false) {
    const absl::Status done = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      return queue_.Enqueue(work, group, R"({"why": "test"})", tasks, supersede);
    });
    ASSERT_TRUE(done.ok()) << done;
  }
  std::vector<FetchedTask> Fetch(int most, absl::Duration lease = absl::Seconds(30)) {
    auto fetched =
        queue_.Fetch({.holder = "replica-1", .pool = "here", .most = most, .lease = lease});
    EXPECT_TRUE(fetched.ok()) << fetched.status();
    return fetched.ok() ? *std::move(fetched) : std::vector<FetchedTask>();
  }
  std::vector<std::string> FetchNames(int most) {
    std::vector<std::string> names;
    for (const FetchedTask& task : Fetch(most)) names.push_back(task.name);
    return names;
  }
  // Whether each was held.
  std::vector<bool> End(const std::vector<FetchedTask>& tasks, Ending ending,
                        std::optional<Failure> failure = std::nullopt) {
    std::vector<EndRequest> requests;
    for (const FetchedTask& task : tasks) requests.push_back({task.hold(), ending, failure});
    const auto held = queue_.End(requests);
    EXPECT_TRUE(held.ok()) << held.status();
    return held.value_or(std::vector<bool>());
  }
  std::vector<bool> Succeed(const std::vector<FetchedTask>& tasks, const Effect& effect = nullptr) {
    std::vector<Success> successes;
    for (const FetchedTask& task : tasks) successes.push_back({task.hold(), "{}", ""});
    const auto held = queue_.SucceedAll(successes, effect);
    EXPECT_TRUE(held.ok()) << held.status();
    return held.value_or(std::vector<bool>());
  }
  Task Get(const std::string& group, const std::string& name) {
    std::optional<Task> task;
    EXPECT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                  task = queue_.GetTask(work, group, name);
                  return absl::OkStatus();
                }).ok());
    EXPECT_TRUE(task) << group << " " << name;
    return task.value_or(Task{});
  }
  Group GetGroup(const std::string& group) {
    std::optional<Group> found;
    EXPECT_TRUE(db::RunInTransaction(pool_, [&](pqxx::work& work) {
                  found = queue_.GetGroup(work, group);
                  return absl::OkStatus();
                }).ok());
    EXPECT_TRUE(found) << group;
    return found.value_or(Group{});
  }
  int Cancel(const Selection& selection) {
    const auto cancelled = db::RunInTransaction(
        pool_, [&](pqxx::work& work) { return queue_.Cancel(work, selection, "by a test"); });
    EXPECT_TRUE(cancelled.ok()) << cancelled.status();
    return cancelled.value_or(-1);
  }
  void SetPool(const std::string& id, std::optional<int> limit, bool paused = false) {
    const MutatingRequest request{.request_id = ids_.NewUuid(), .method = "UpdatePool"};
    const auto set = workqueue::SetPool(
        queue_, request, {.id = id, .limit = std::optional(limit), .paused = paused});
    ASSERT_TRUE(set.ok()) << set.status();
  }
  // Runs SQL as somebody else would.
  pqxx::result Sql(const std::string& sql) {
    pqxx::result result;
    const absl::Status done = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      result = work.exec(sql);
      return absl::OkStatus();
    });
    EXPECT_TRUE(done.ok()) << done;
    return result;
  }
  int Number(const std::string& sql) { return Sql(sql)[0][0].as<int>(); }

  static Failure Broken(bool retryable) {
    return {.kind = FailureKind::kData,
            .reason = "BROKEN",
            .message = "it is broken",
            .retryable = retryable};
  }

  const std::string dsn_ = testing::NewDatabase();
  RandomIdSource ids_;
  db::ConnectionPool pool_{{.dsn = dsn_, .size = 16}};
  db::ConnectionPool lease_pool_{{.dsn = dsn_, .size = 16}};
  Queue queue_{{.schema = "trainer", .queue = "training"}, pool_, lease_pool_};
};

}  // namespace fleetcast::workqueue
