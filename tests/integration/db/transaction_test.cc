#include "common/db/transaction.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "common/base/status.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() : pool_({.dsn = testing::NewDatabase(), .size = 4}) {
    Execute("CREATE TABLE counters (id int PRIMARY KEY, value int NOT NULL CHECK (value >= 0))");
    Execute("INSERT INTO counters VALUES (1, 0), (2, 0)");
  }

  void Execute(const std::string& sql) {
    const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  absl::StatusOr<int> Value(int id) {
    return RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<int> {
      return work.exec_params1("SELECT value FROM counters WHERE id = $1", id)[0].as<int>();
    });
  }

  ConnectionPool pool_;
};

TEST_F(TransactionTest, AnErrorOfTheBodyRollsBack) {
  const absl::Status status = RunInTransaction(pool_, [](pqxx::work& work) -> absl::Status {
    work.exec("UPDATE counters SET value = 5 WHERE id = 1");
    return absl::FailedPreconditionError("no");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Value(1).value(), 0);
}

TEST_F(TransactionTest, AnErrorDoesNotShowTheStatementsThatMetIt) {
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    work.exec("DO $$ BEGIN PERFORM nonsense FROM counters; END $$");
    return absl::OkStatus();
  });
  EXPECT_NE(status.message().find("nonsense"), absl::string_view::npos) << status;
  for (const char* part : {"PL/pgSQL", "CONTEXT", "LINE 1", "FROM counters"})
    EXPECT_EQ(status.message().find(part), absl::string_view::npos) << status;
}

TEST_F(TransactionTest, ViolationsAreNamedWithTheirSqlstate) {
  const auto run = [&](const std::string& sql) {
    return RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
  };
  const absl::Status unique = run("INSERT INTO counters VALUES (1, 0)");
  EXPECT_EQ(unique.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(DetailsOf(unique)->metadata.at("sqlstate"), "23505");
  EXPECT_EQ(run("UPDATE counters SET value = -1").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(run("SELECT nonsense").code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ReasonOf(run("SELECT E'23,5 \\xB0C'")), "POSTGRES_TEXT_NOT_UTF8");
  EXPECT_EQ(ReasonOf(run("SELECT '\"\\u0000\"'::jsonb ->> 0")), "POSTGRES_TEXT_NOT_STORABLE");
  EXPECT_EQ(ReasonOf(run("SELECT '1e400'::float8")), "POSTGRES_NUMBER_OUT_OF_RANGE");
  EXPECT_EQ(run("SELECT '1e400'::float8").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(run("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)").code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(TransactionTest, DeadlocksAreResolvedByRunningOneAgain) {
  absl::Barrier* both_hold_one = new absl::Barrier(2);
  const auto transfer = [&](int from, int to) {
    bool first_try = true;
    return RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec_params("UPDATE counters SET value = value + 1 WHERE id = $1", from);
      if (std::exchange(first_try, false) && both_hold_one->Block()) delete both_hold_one;
      work.exec_params("UPDATE counters SET value = value + 1 WHERE id = $1", to);
      return absl::OkStatus();
    });
  };
  absl::Status there, back;
  std::thread other([&] { there = transfer(1, 2); });
  back = transfer(2, 1);
  other.join();
  EXPECT_TRUE(there.ok()) << there;
  EXPECT_TRUE(back.ok()) << back;
  EXPECT_EQ(Value(1).value(), 2);
  EXPECT_EQ(Value(2).value(), 2);
}

TEST_F(TransactionTest, SerializationFailuresAreRunAgain) {
  int tries = 0;
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    work.exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    work.exec("SELECT value FROM counters");
    if (++tries == 1) Execute("UPDATE counters SET value = 7 WHERE id = 1");
    work.exec("UPDATE counters SET value = value + 1 WHERE id = 1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(Value(1).value(), 8);
}

TEST_F(TransactionTest, AConnectionThatBreaksBeforeCommitIsReplacedAndTheBodyRunAgain) {
  int tries = 0;
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    const int pid = work.exec1("SELECT pg_backend_pid()")[0].as<int>();
    if (++tries == 1) Execute(absl::StrCat("SELECT pg_terminate_backend(", pid, ", 2000)"));
    work.exec("UPDATE counters SET value = value + 1 WHERE id = 1");
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(Value(1).value(), 1);
}

TEST_F(TransactionTest, AReadWhoseConnectionBreaksAtItsEndIsRepeated) {
  int tries = 0;
  const auto value = ReadInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<int> {
    const auto row = work.exec1("SELECT pg_backend_pid(), value FROM counters WHERE id = 1");
    if (++tries == 1)
      Execute(absl::StrCat("SELECT pg_terminate_backend(", row[0].as<int>(), ", 2000)"));
    return row[1].as<int>();
  });
  EXPECT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(tries, 2);
}

TEST_F(TransactionTest, AReadThatKeepsLosingItsConnectionIsUnavailableAndNeverInDoubt) {
  int tries = 0;
  const absl::Status status = ReadInTransaction(pool_, [&](pqxx::work& work) {
    ++tries;
    const int pid = work.exec1("SELECT pg_backend_pid()")[0].as<int>();
    Execute(absl::StrCat("SELECT pg_terminate_backend(", pid, ", 2000)"));
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_GT(tries, 1);
}

TEST_F(TransactionTest, AnEndedSessionReadsAsALostConnection) {
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    const int pid = work.exec1("SELECT pg_backend_pid()")[0].as<int>();
    Execute(absl::StrCat("SELECT pg_terminate_backend(", pid, ", 2000)"));
    work.exec("UPDATE counters SET value = value + 1 WHERE id = 1");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "POSTGRES_UNAVAILABLE") << status;
  EXPECT_NE(status.message().find("connection to it was lost"), std::string::npos) << status;
}

TEST_F(TransactionTest, AReadTransactionDoesNotWrite) {
  const absl::Status status = ReadInTransaction(pool_, [](pqxx::work& work) {
    work.exec("UPDATE counters SET value = 9");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "WRITE_IN_READ_TRANSACTION") << status;
  EXPECT_EQ(Value(1).value(), 0);
}

TEST_F(TransactionTest, AStatementCommitsByItself) {
  const auto raised = RunStatement(pool_, [](pqxx::nontransaction& session) -> absl::StatusOr<int> {
    return session
        .exec_params1("UPDATE counters SET value = value + $1 WHERE id = 1 RETURNING value", 4)[0]
        .as<int>();
  });
  EXPECT_EQ(raised.value(), 4);
  EXPECT_EQ(Value(1).value(), 4);
}

TEST_F(TransactionTest, AStatementWhoseConnectionBreaksIsInDoubtAndNotRunAgain) {
  int tries = 0;
  const absl::Status status = RunStatement(pool_, [&](pqxx::nontransaction& session) {
    ++tries;
    session.exec("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)");
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "COMMIT_OUTCOME_UNKNOWN") << status;
  EXPECT_EQ(tries, 1);
}

TEST_F(TransactionTest, ACommitWhoseOutcomeIsUnknownIsNotRunAgain) {
  // A deferred trigger runs within COMMIT: the connection dies there, after the point of no return
  // as far as the client can tell.
  Execute(
      "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      "  PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER dies AFTER UPDATE ON counters DEFERRABLE INITIALLY DEFERRED"
      "  FOR EACH ROW EXECUTE FUNCTION die()");
  int tries = 0;
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    ++tries;
    work.exec("UPDATE counters SET value = 3 WHERE id = 1");
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown) << status;
  EXPECT_EQ(ReasonOf(status), "COMMIT_OUTCOME_UNKNOWN");
  EXPECT_EQ(tries, 1);
}

}  // namespace
}  // namespace fleetcast::db
