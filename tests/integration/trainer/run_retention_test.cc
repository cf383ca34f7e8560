// What retention of training runs leaves alone.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/trainer/storage/training_queue.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::trainer {
namespace {

class RunRetentionTest : public ::testing::Test {
 protected:
  RunRetentionTest() : pool_({.dsn = testing::NewDatabase()}) {
    const absl::Status migrated = db::Migrate(pool_, kSchema, db::trainerMigrations());
    EXPECT_TRUE(migrated.ok()) << migrated;
  }

  // A run that ended 500 days ago with one job, which gave its circuit this verdict.
  void EndedRun(const std::string& id, const std::string& circuit, const std::string& verdict) {
    const absl::Status made = db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec_params(
          "INSERT INTO trainer.task_groups (group_id, queue, pin, state, end_time)"
          " VALUES ($1, 'training', '{}', 'SUCCEEDED', now() - interval '500 days')",
          id);
      work.exec_params(
          "INSERT INTO trainer.tasks (queue, group_id, name, key, pool, pools, payload,"
          "  max_attempts, state, result, end_time)"
          " VALUES ('training', $1, $2, $2, 'fleet', '{fleet}', '{}', 1, 'SUCCEEDED', $3,"
          "  now() - interval '500 days')",
          id, circuit,
          ToJson(
              JobResult{.model_version = "", .gate = GateOutcome{.verdict = VerdictOf(verdict)}}));
      return absl::OkStatus();
    });
    EXPECT_TRUE(made.ok()) << made;
  }

  static GateVerdict VerdictOf(const std::string& text) {
    return text == "passed" ? GateVerdict::kBetter : GateVerdict::kNotBetter;
  }

  std::string RunsAfterRetention() {
    workqueue::Queue closing(ClosingQueueOptions(), pool_, pool_);
    workqueue::Queue training(TrainingQueueOptions(closing), pool_, pool_);
    const absl::Status pruned = training.Prune(pool_, absl::Hours(24 * 400));
    EXPECT_TRUE(pruned.ok()) << pruned;
    const auto runs = db::ReadInTransaction(pool_, [](pqxx::work& work) {
      return absl::StatusOr<std::string>(
          work.exec1("SELECT coalesce(string_agg(group_id, ' ' ORDER BY group_id), '')"
                     " FROM trainer.task_groups")[0]
              .as<std::string>());
    });
    return runs.value_or("");
  }

  db::ConnectionPool pool_;
};

TEST_F(RunRetentionTest, TheLastRunOfEachCircuitThatPassedStays) {
  EndedRun("r1", "P001.C001", "passed");
  EndedRun("r2", "P001.C001", "passed");
  EndedRun("r3", "P001.C001", "refused");
  EndedRun("r4", "P001.C002", "passed");
  EndedRun("r5", "P001.C003", "refused");
  EXPECT_EQ(RunsAfterRetention(), "r2 r4");
}

}  // namespace
}  // namespace fleetcast::trainer
