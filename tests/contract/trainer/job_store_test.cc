// The contract on both ledgers, and what only Postgres can show.
#include <gtest/gtest.h>

#include <thread>

#include "common/db/connection_pool.h"
#include "common/db/migrator.h"
#include "common/db/transaction.h"
#include "services/trainer/storage/postgres_job_store.h"
#include "services/trainer/storage/postgres_run_store.h"
#include "tests/contract/trainer/job_store_contract.h"
#include "tests/support/test_database.h"
#include "tests/support/trainer/circuits.h"
#include "tests/support/trainer/fake_job_store.h"

namespace fleetcast::db {
std::vector<Migration> trainerMigrations();
}

namespace fleetcast::trainer {
namespace {

class FakeLedger final : public LedgerUnderTest {
 public:
  RunStore& runs() override { return store_; }
  JobStore& jobs() override { return store_; }
  void LetLeasesExpire() override { clock_.Advance(absl::Hours(1)); }
  void LetWaitsPass() override { clock_.Advance(absl::Hours(1)); }

 private:
  testing::FakeClock clock_;
  FakeJobStore store_{clock_};
};

class PostgresLedger final : public LedgerUnderTest {
 public:
  PostgresLedger() : pool_({.dsn = testing::NewDatabase(), .size = 16}) {
    const absl::Status migrated = db::Migrate(pool_, "trainer", db::trainerMigrations());
    if (!migrated.ok()) throw std::runtime_error(migrated.ToString());
  }
  RunStore& runs() override { return runs_; }
  JobStore& jobs() override { return jobs_; }
  void LetLeasesExpire() override {
    MustExecute(
        "UPDATE trainer.training_jobs SET lease_expire_time = clock_timestamp() - interval '1 s'"
        " WHERE state = 'RUNNING'");
  }
  void LetWaitsPass() override {
    MustExecute("UPDATE trainer.training_jobs SET ready_time = clock_timestamp() - interval '1 s'");
  }
  void MustExecute(const std::string& sql) {
    const absl::Status executed = Execute(sql);
    EXPECT_TRUE(executed.ok()) << executed;
  }
  absl::Status Execute(const std::string& sql) {
    return db::RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
  }

 private:
  db::ConnectionPool pool_;
  PostgresRunStore runs_{pool_};
  PostgresJobStore jobs_{pool_};
};

INSTANTIATE_TEST_SUITE_P(
    Ledgers, JobStoreContract,
    ::testing::Values(LedgerFactory{"Fake", [] { return std::make_unique<FakeLedger>(); }},
                      LedgerFactory{"Postgres", [] { return std::make_unique<PostgresLedger>(); }}),
    [](const auto& info) { return info.param.name; });

// Rule 4, for statements that are yet to be written.
TEST(TrainerSchema, RefusesToLeaveATerminalStateAndToLowerALeaseEpoch) {
  PostgresLedger ledger;
  ASSERT_TRUE(
      ledger.runs().CreateRun(RequestFor("CreateTrainingRun", "run1"), RunOf("run1", 1)).ok());
  const auto claim = ledger.jobs().ClaimJob(
      {.replica = "replica-1", .environment = "custom-lstm-env:1.5.0", .lease = absl::Seconds(30)});
  ASSERT_TRUE(claim.ok() && claim->job);
  EXPECT_FALSE(ledger.Execute("UPDATE trainer.training_jobs SET lease_epoch = 0").ok());
  ASSERT_TRUE(ledger.jobs().End(claim->job->hold(), JobEnding::kCancelled, std::nullopt).ok());
  EXPECT_FALSE(
      ledger.Execute("UPDATE trainer.training_jobs SET state = 'QUEUED', end_time = NULL").ok());
  EXPECT_FALSE(
      ledger.Execute("UPDATE trainer.training_runs SET state = 'RUNNING', end_time = NULL").ok());
}

// The claim counts and takes in one piece also while jobs end, heartbeat and are cancelled.
TEST(PostgresJobStore, KeepsCountsRightUnderClaimsEndingsAndCancelsAtOnce) {
  PostgresLedger ledger;
  ASSERT_TRUE(
      ledger.runs().CreateRun(RequestFor("CreateTrainingRun", "run1"), RunOf("run1", 40)).ok());
  std::vector<std::thread> workers;
  workers.reserve(8);
  std::atomic<int> errors = 0;
  for (int i = 0; i < 8; ++i)
    workers.emplace_back([&, i] {
      for (;;) {
        const auto claim = ledger.jobs().ClaimJob({.replica = "replica-" + std::to_string(i),
                                                   .environment = "custom-lstm-env:1.5.0",
                                                   .lease = absl::Seconds(30),
                                                   .max_parallel = 8});
        if (!claim.ok()) ++errors;
        if (!claim.ok() || !claim->job) return;
        const JobHold hold = claim->job->hold();
        if (!ledger.jobs().Heartbeat(hold, absl::Seconds(30), JobProgress{.epoch = 1}).ok())
          ++errors;
        if (i == 0)
          (void)ledger.runs().CancelJob(RequestFor("CancelTrainingJob", hold.name.job_id),
                                        hold.name);
        const JobResult result{.model_version = "models/sensor-model/versions/1", .gate = {}};
        if (!ledger.jobs().Succeed(hold, result).ok()) ++errors;
      }
    });
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(errors, 0);
  const auto run = ledger.runs().GetRun("run1");
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->counts.succeeded, 40);
  EXPECT_EQ(run->state, RunState::kSucceeded);
}

}  // namespace
}  // namespace fleetcast::trainer
