#include "common/db/connection_pool.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/integration/db/probes.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

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
  EXPECT_EQ(BackendOf(pool), BackendOf(pool));
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

TEST(ConnectionPoolTest, AConnectionIsReplacedWhenItIsOld) {
  ConnectionPool pool({.dsn = testing::NewDatabase(), .size = 1, .max_age = absl::ZeroDuration()});
  EXPECT_NE(BackendOf(pool), BackendOf(pool));
}

TEST(ConnectionPoolTest, APasswordThatLooksLikeAUriIsNone) {
  // Trusted by the socket: what matters is that the string is read as it was meant.
  ConnectionPool pool({.dsn = testing::NewDatabase() + " password='a://b?c=d&e f\\'g'"});
  const auto one = One(pool);
  EXPECT_TRUE(one.ok()) << one.status();
}

TEST(ConnectionPoolTest, WhatCannotBeReadIsRefusedWithoutShowingIt) {
  for (const char* dsn : {"host=/tmp password=hush hush", "host=/tmp hush",
                          "postgresql://u:hush@h:x:y/%zz", "password='hush", "hush"}) {
    ConnectionPool pool({.dsn = dsn});
    const absl::Status status = One(pool).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << dsn;
    EXPECT_EQ(ReasonOf(status), "POSTGRES_DSN_INVALID") << dsn;
    EXPECT_EQ(std::string(status.ToString()).find("hush"), std::string::npos) << status;
  }
}

TEST(ConnectionPoolTest, AConnectionThatFailsShowsNoPassword) {
  for (const char* dsn :
       {"host=/nonexistent user=u dbname=d password=hush", "postgresql://u:hush@127.0.0.1:1/d",
        "host=127.0.0.1 port=1 password=hush"}) {
    ConnectionPool pool({.dsn = dsn});
    const absl::Status status = One(pool).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(std::string(status.ToString()).find("hush"), std::string::npos) << status;
  }
}

TEST(ConnectionPoolTest, AUriIsBoundedToo) {
  ConnectionPool pool({.dsn = "postgresql:///none?host=/nonexistent"});
  EXPECT_EQ(One(pool).status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace fleetcast::db
