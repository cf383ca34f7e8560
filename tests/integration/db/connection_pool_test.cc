#include "common/db/connection_pool.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

absl::StatusOr<int> One(ConnectionPool& pool) {
  return RunInTransaction(pool, [](pqxx::work& work) -> absl::StatusOr<int> {
    return work.exec1("SELECT 1")[0].as<int>();
  });
}

TEST(ConnectionPoolTest, AFullPoolRefusesAfterTheWaitWithARetryDelay) {
  ConnectionPool pool(
      {.dsn = testing::NewDatabase(), .size = 1, .acquire_timeout = absl::Milliseconds(30)});
  auto held = pool.Acquire();
  ASSERT_TRUE(held.ok()) << held.status();
  const absl::Status refused = pool.Acquire().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(DetailsOf(refused)->retry_after.has_value());
}

TEST(ConnectionPoolTest, AReturnedConnectionIsUsedAgain) {
  ConnectionPool pool({.dsn = testing::NewDatabase(), .size = 1});
  const auto backend = [&] {
    return RunInTransaction(pool,
                            [](pqxx::work& work) -> absl::StatusOr<int> {
                              return work.exec1("SELECT pg_backend_pid()")[0].as<int>();
                            })
        .value();
  };
  EXPECT_EQ(backend(), backend());
}

TEST(ConnectionPoolTest, ADiscardedConnectionIsReplaced) {
  ConnectionPool pool({.dsn = testing::NewDatabase(), .size = 1});
  {
    auto lease = pool.Acquire();
    ASSERT_TRUE(lease.ok());
    lease->Discard();
  }
  EXPECT_TRUE(One(pool).ok());
}

TEST(ConnectionPoolTest, EveryStatementAndLockHasATimeout) {
  ConnectionPool pool({.dsn = testing::NewDatabase(),
                       .statement_timeout = absl::Milliseconds(1500),
                       .lock_timeout = absl::Milliseconds(700)});
  const auto setting = [&](const std::string& name) {
    return RunInTransaction(pool,
                            [&](pqxx::work& work) -> absl::StatusOr<std::string> {
                              return work.exec1("SHOW " + name)[0].as<std::string>();
                            })
        .value();
  };
  EXPECT_EQ(setting("statement_timeout"), "1500ms");
  EXPECT_EQ(setting("lock_timeout"), "700ms");
  EXPECT_EQ(setting("idle_in_transaction_session_timeout"), "3s");
}

TEST(ConnectionPoolTest, NoServerIsUnavailableWithARetryDelay) {
  ConnectionPool pool({.dsn = "host=/nonexistent dbname=none user=none"});
  const absl::Status status = One(pool).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_TRUE(DetailsOf(status)->retry_after.has_value());
}

TEST(ConnectionPoolTest, AServerRestartCostsNoCallOnceItIsUpAgain) {
  ConnectionPool pool({.dsn = testing::NewDatabase(), .size = 3});
  {
    auto first = pool.Acquire();
    auto second = pool.Acquire();
    auto third = pool.Acquire();
    ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  }
  ASSERT_TRUE(testing::SharedCluster().Restart().ok());
  for (int i = 0; i < 4; ++i) {
    const auto one = One(pool);
    EXPECT_TRUE(one.ok()) << one.status();
  }
}

TEST(ConnectionPoolTest, AUriIsBoundedToo) {
  ConnectionPool pool({.dsn = "postgresql:///none?host=/nonexistent"});
  EXPECT_EQ(One(pool).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace fleetcast::db
