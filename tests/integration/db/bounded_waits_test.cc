// A server that no longer answers, in each way a server may do so: the caller gets UNAVAILABLE
// within bounds, and the pool works again as soon as the server does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <stop_token>
#include <thread>

#include "common/base/deadline.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/integration/db/probes.h"
#include "tests/support/clock_step.h"
#include "tests/support/silent_postgres.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

using testing::FrozenCluster;
using testing::SilentPostgres;

PoolOptions Impatient(std::string dsn) {
  return {.dsn = std::move(dsn),
          .size = 2,
          .acquire_timeout = absl::Seconds(2),
          .connect_timeout = absl::Seconds(2),
          .statement_timeout = absl::Milliseconds(300),
          .lock_timeout = absl::Milliseconds(300)};
}

TEST(BoundedWaitsTest, AClusterThatIsFrozenDuringATransactionIsUnavailableAndThenUsedAgain) {
  ConnectionPool pool(Impatient(testing::NewDatabase()));
  ASSERT_TRUE(One(pool).ok());
  {
    std::unique_ptr<FrozenCluster> frozen;
    const absl::Status status = RunInTransaction(pool, [&](pqxx::work& work) {
      if (frozen == nullptr) frozen = std::make_unique<FrozenCluster>(testing::SharedCluster());
      work.exec("SELECT 1");
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ReasonOf(status), "POSTGRES_SILENT");
    EXPECT_TRUE(DetailsOf(status)->retry_after.has_value());
    // New connections end by their bound as well: the kernel takes them, nobody answers.
    EXPECT_EQ(One(pool).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_TRUE(One(pool).ok());
}

TEST(BoundedWaitsTest, ABackendThatIsFrozenCostsOneConnection) {
  ConnectionPool pool(Impatient(testing::NewDatabase()));
  int backend = 0;
  const absl::Status status = RunInTransaction(pool, [&](pqxx::work& work) {
    backend = work.exec1("SELECT pg_backend_pid()")[0].as<int>();
    kill(backend, SIGSTOP);
    work.exec("SELECT 1");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "POSTGRES_SILENT") << status;
  EXPECT_TRUE(One(pool).ok());
  EXPECT_NE(BackendOf(pool), backend);
  kill(backend, SIGCONT);
}

TEST(BoundedWaitsTest, AServerThatFreezesAtCommitLeavesTheOutcomeUnknown) {
  ConnectionPool pool(Impatient(testing::NewDatabase()));
  int backend = 0;
  const absl::Status status = RunInTransaction(pool, [&](pqxx::work& work) {
    backend = work.exec1("SELECT pg_backend_pid()")[0].as<int>();
    kill(backend, SIGSTOP);
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "COMMIT_OUTCOME_UNKNOWN") << status;
  kill(backend, SIGCONT);
}

TEST(BoundedWaitsTest, APeerThatAcknowledgesAndNeverAnswersIsUnavailable) {
  const SilentPostgres server(SilentPostgres::Answers::kLogin);
  ConnectionPool pool(Impatient(server.dsn()));
  EXPECT_EQ(ReasonOf(One(pool).status()), "POSTGRES_SILENT");
  EXPECT_EQ(server.logins(), 1);  // it is not asked five times over
}

TEST(BoundedWaitsTest, APeerThatDoesNotEvenAnswerTheLoginIsUnavailable) {
  const SilentPostgres server(SilentPostgres::Answers::kNothing);
  ConnectionPool pool(Impatient(server.dsn()));
  EXPECT_EQ(One(pool).status().code(), absl::StatusCode::kUnavailable);
}

TEST(BoundedWaitsTest, WhoCallsAServerThatHangsIsToldSoWithinTheCall) {
  const SilentPostgres server(SilentPostgres::Answers::kNothing);
  ConnectionPool pool({.dsn = server.dsn()});
  for (const absl::Duration callers : {absl::Seconds(5), absl::Seconds(8)}) {
    const ScopedDeadline deadline(callers);
    EXPECT_EQ(ReasonOf(One(pool).status()), "POSTGRES_UNAVAILABLE");
    EXPECT_GT(*RemainingTime(), absl::ZeroDuration()) << "of " << callers;
  }
}

TEST(BoundedWaitsTest, ALockedRowSaysThatNothingWasDoneAndWhoKnowsMore) {
  const std::string dsn = testing::NewDatabase();
  ConnectionPool pool({.dsn = dsn, .lock_timeout = absl::Milliseconds(50)});
  pqxx::connection elsewhere(dsn);
  pqxx::work locking(elsewhere);
  locking.exec("SELECT pg_advisory_xact_lock(7)");
  const absl::Status status = RunInTransaction(pool, [](pqxx::work& work) {
    work.exec("SELECT pg_advisory_xact_lock(7)");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "POSTGRES_LOCK_TIMEOUT");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("nothing was done"));
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("pg_stat_activity"));
  EXPECT_TRUE(DetailsOf(status)->retry_after.has_value());
}

TEST(BoundedWaitsTest, TheCallersDeadlineBoundsStatements) {
  ConnectionPool pool({.dsn = testing::NewDatabase()});
  const ScopedDeadline deadline(absl::Milliseconds(200));
  const absl::Status status = RunInTransaction(pool, [](pqxx::work& work) {
    work.exec("SELECT pg_sleep(600)");
    return absl::OkStatus();
  });
  // A server on a busy machine may not find the time to say so itself.
  EXPECT_THAT(ReasonOf(status), ::testing::AnyOf("POSTGRES_STATEMENT_TIMEOUT", "POSTGRES_SILENT"))
      << status;
}

TEST(BoundedWaitsTest, AStatementEndsWhenItsThreadIsToldToStop) {
  ConnectionPool pool({.dsn = testing::NewDatabase()});
  std::stop_source source;
  {
    const ScopedCancellation cancellation(source.get_token());
    std::thread stopper;
    const absl::Status status = ReadInTransaction(pool, [&](pqxx::work& work) {
      work.exec("SELECT 1");
      stopper = std::thread([&] { source.request_stop(); });
      work.exec("SELECT pg_sleep(600)");
      return absl::OkStatus();
    });
    stopper.join();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  }
  EXPECT_TRUE(One(pool).ok());
}

TEST(BoundedWaitsTest, TheCallersDeadlineBoundsTheWaitForAConnection) {
  ConnectionPool pool(
      {.dsn = testing::NewDatabase(), .size = 1, .acquire_timeout = absl::Hours(1)});
  const auto held = pool.Acquire();
  ASSERT_TRUE(held.ok());
  {
    const ScopedDeadline deadline(absl::Milliseconds(20));
    EXPECT_EQ(One(pool).status().code(), absl::StatusCode::kResourceExhausted);
  }
  const ScopedDeadline passed(absl::ZeroDuration());
  EXPECT_EQ(ReasonOf(One(pool).status()), "CALL_DEADLINE_PASSED");
}

// Run by the next one.
TEST(BoundedWaitsTest, DISABLED_WaitsForAConnection) {
  const SilentPostgres server(SilentPostgres::Answers::kLogin);
  auto options = Impatient(server.dsn());
  options.size = 1;
  options.acquire_timeout = absl::Milliseconds(20);
  ConnectionPool pool(options);
  {
    const auto held = pool.Acquire();
    ASSERT_TRUE(held.ok());
    EXPECT_EQ(ReasonOf(pool.Acquire().status()), "POSTGRES_POOL_EXHAUSTED");
  }
  EXPECT_EQ(ReasonOf(One(pool).status()), "POSTGRES_SILENT");
}

TEST(BoundedWaitsTest, AStepOfTheWallClockDrawsNoWaitOut) {
  EXPECT_TRUE(testing::PassesAfterAClockStep("WaitsForAConnection"));
}

}  // namespace
}  // namespace fleetcast::db
