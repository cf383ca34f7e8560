// What an administrator or a fail-over may set or change around us: defaults of the database,
// servers that turn read only, a pooler in between.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "cli/local/server_account.h"
#include "common/base/patience.h"
#include "common/base/process.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/silent_postgres.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

namespace fs = std::filesystem;

std::string DatabaseOf(const std::string& dsn) {
  return std::vector<std::string>(absl::StrSplit(dsn, "dbname=")).back();
}

std::string ValueOf(const std::string& key, const std::string& dsn) {
  for (const auto field : absl::StrSplit(dsn, ' '))
    if (absl::StartsWith(field, key + "=")) return std::string(field.substr(key.size() + 1));
  return "";
}

// As an administrator does: outside of our pools.
void Administer(const std::string& dsn, const std::string& sql) {
  pqxx::connection connection(dsn);
  pqxx::nontransaction session(connection);
  session.exec("SET default_transaction_read_only = off");
  session.exec(sql);
}

void CutOtherConnections(const std::string& dsn) {
  Administer(dsn,
             "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
             " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

absl::StatusOr<std::string> Show(ConnectionPool& pool, const std::string& setting) {
  return RunInTransaction(pool, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
    return work.exec1("SHOW " + setting)[0].as<std::string>();
  });
}

absl::Status Write(ConnectionPool& pool) {
  return RunInTransaction(pool, [](pqxx::work& work) {
    work.exec("INSERT INTO notes DEFAULT VALUES");
    return absl::OkStatus();
  });
}

std::string DatabaseWithNotes() {
  const std::string dsn = testing::NewDatabase();
  Administer(dsn, "CREATE TABLE notes (id serial)");
  return dsn;
}

class ServerDefaultsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ServerDefaultsTest, OurTransactionsReadWhatIsCommitted) {
  const std::string dsn = testing::NewDatabase();
  Administer(dsn, absl::StrCat("ALTER DATABASE ", DatabaseOf(dsn),
                               " SET default_transaction_isolation = '", GetParam(), "'"));
  ConnectionPool pool({.dsn = dsn});
  EXPECT_EQ(Show(pool, "transaction_isolation").value(), "read committed");
  EXPECT_EQ(
      ReadInTransaction(pool,
                        [](pqxx::work& work) -> absl::StatusOr<std::string> {
                          return work.exec1("SHOW transaction_isolation")[0].as<std::string>();
                        })
          .value(),
      "read committed");
}

INSTANTIATE_TEST_SUITE_P(Levels, ServerDefaultsTest,
                         ::testing::Values("read committed", "repeatable read", "serializable"),
                         [](const auto& info) { return absl::StrCat("Level", info.index); });

TEST(ReadOnlyTest, ADatabaseThatTurnsReadOnlyIsUnavailableAndHealsByItself) {
  const std::string dsn = DatabaseWithNotes();
  ConnectionPool pool({.dsn = dsn, .size = 3});
  const std::string alter = absl::StrCat("ALTER DATABASE ", DatabaseOf(dsn));
  for (int turn = 0; turn < 2; ++turn) {
    ASSERT_TRUE(Write(pool).ok());
    Administer(dsn, alter + " SET default_transaction_read_only = on");
    CutOtherConnections(dsn);
    {  // three sessions that are read only
      const auto first = pool.Acquire(), second = pool.Acquire(), third = pool.Acquire();
      ASSERT_TRUE(first.ok() && second.ok() && third.ok());
    }
    const absl::Status refused = Write(pool);
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << refused;
    EXPECT_EQ(ReasonOf(refused), "POSTGRES_READ_ONLY");
    EXPECT_TRUE(DetailsOf(refused)->retry_after.has_value());
    EXPECT_TRUE(Show(pool, "server_version").ok());  // reads go on
    Administer(dsn, alter + " RESET default_transaction_read_only");
    const absl::Status once_more = Write(pool);  // may still meet the session of that read
    EXPECT_TRUE(once_more.ok() || ReasonOf(once_more) == "POSTGRES_READ_ONLY") << once_more;
  }
  EXPECT_TRUE(Write(pool).ok());
}

TEST(SeveralHostsTest, TheOneThatCanBeWrittenIsFoundAgainAfterAFailOver) {
  char folder[] = "/tmp/fleetcast-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  fs::permissions(folder, fs::perms(0711));
  auto second = cli::PrivateCluster::Start(
      {.data_dir = std::string(folder) + "/data", .durable = false, .dies_with_starter = true});
  ASSERT_TRUE(second.ok()) << second.status();
  const std::string here = DatabaseWithNotes();
  const std::string there = (*second)->Dsn(DatabaseOf(here)).value();
  Administer(there, "CREATE TABLE notes (id serial)");
  const std::string alter =
      absl::StrCat("ALTER DATABASE ", DatabaseOf(here), " SET default_transaction_read_only = ");
  Administer(here, alter + "on");

  ConnectionPool pool(
      {.dsn = absl::StrCat("host=", ValueOf("host", here), ",", ValueOf("host", there),
                           " port=", ValueOf("port", here), ",", ValueOf("port", there),
                           " user=", ValueOf("user", here), " dbname=", DatabaseOf(here),
                           " target_session_attrs=read-write")});
  EXPECT_TRUE(Write(pool).ok());
  EXPECT_EQ(Show(pool, "unix_socket_directories").value(), ValueOf("host", there));
  // They change places; the sessions on the old one live on and are read only.
  Administer(there, alter + "on");
  CutOtherConnections(there);
  Administer(here, alter + "off");
  EXPECT_TRUE(Write(pool).ok());
  EXPECT_EQ(Show(pool, "unix_socket_directories").value(), ValueOf("host", here));
  // One that is gone is passed over.
  ASSERT_TRUE((*second)->Stop().ok());
  ConnectionPool fresh(pool.options());
  EXPECT_TRUE(Write(fresh).ok());
  fs::remove_all(folder);
}

TEST(SeveralHostsTest, OneThatHangsIsPassedOver) {
  const testing::SilentPostgres hangs(testing::SilentPostgres::Answers::kNothing);
  const std::string works = DatabaseWithNotes();
  ConnectionPool pool(
      {.dsn = absl::StrCat("host=127.0.0.1,", ValueOf("host", works),
                           " port=", ValueOf("port", hangs.dsn()), ",", ValueOf("port", works),
                           " user=", ValueOf("user", works), " dbname=", DatabaseOf(works),
                           " sslmode=disable gssencmode=disable"),
       .connect_timeout = absl::Seconds(2)});
  const absl::Status written = Write(pool);
  EXPECT_TRUE(written.ok()) << written;
}

// Debian's PgBouncer in transaction mode before the shared cluster, with one server connection that
// all its clients take turns at.
class Bouncer {
 public:
  explicit Bouncer(const std::string& dsn) : dsn_(dsn) {
    char name[] = "/tmp/fleetcast-test-XXXXXX";
    folder_ = mkdtemp(name);
    fs::permissions(folder_, fs::perms(0777));
    std::ofstream(folder_ + "/pgbouncer.ini")
        << "[databases]\n* = host=" << ValueOf("host", dsn) << " port=" << ValueOf("port", dsn)
        << " user=" << ValueOf("user", dsn)
        << "\n[pgbouncer]\nlisten_port = 6432\nunix_socket_dir = " << folder_
        << "\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n";
    const auto account = cli::AccountFor("/nonexistent");
    EXPECT_TRUE(account.ok()) << account.status();
    const auto pid = Spawn({.arguments = {"/usr/sbin/pgbouncer", folder_ + "/pgbouncer.ini"},
                            .log_file = folder_ + "/log",
                            .death_signal = SIGKILL},
                           [&] { return cli::BecomeAccount(*account); });
    EXPECT_TRUE(pid.ok()) << pid.status();
    pid_ = pid.value_or(0);
  }
  ~Bouncer() {
    if (const auto process = IdentityOf(pid_)) EndProcess(*process, SIGKILL, absl::Seconds(30));
    fs::remove_all(folder_);
  }
  [[nodiscard]] std::string dsn() const {
    return absl::StrCat("host=", folder_, " port=6432 user=anybody dbname=", DatabaseOf(dsn_));
  }
  [[nodiscard]] bool Answers(ConnectionPool& pool) const {
    for (const Patience wait(absl::Seconds(60)); !wait.IsOver();) {
      if (pool.Acquire().ok()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    ADD_FAILURE() << EndOfFile(folder_ + "/log");
    return false;
  }

 private:
  const std::string dsn_;
  std::string folder_;
  pid_t pid_ = 0;
};

TEST(PgBouncerTest, TransactionModeKeepsOurBoundsAndGivesThemToNobodyElse) {
  const std::string direct = DatabaseWithNotes();
  Administer(direct, absl::StrCat("ALTER DATABASE ", DatabaseOf(direct),
                                  " SET default_transaction_isolation = 'serializable'"));
  const Bouncer bouncer(direct);
  ConnectionPool pool({.dsn = bouncer.dsn(), .statement_timeout = absl::Milliseconds(12345)});
  ASSERT_TRUE(bouncer.Answers(pool));

  std::vector<std::thread> writers;
  std::vector<absl::Status> results(4);
  for (absl::Status& result : results)
    writers.emplace_back([&] {
      for (int i = 0; i < 25 && result.ok(); ++i) result = Write(pool);
    });
  for (std::thread& writer : writers) writer.join();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;

  EXPECT_EQ(Show(pool, "statement_timeout").value(), "12345ms");
  EXPECT_EQ(Show(pool, "transaction_isolation").value(), "read committed");
  EXPECT_EQ(
      RunStatement(pool,
                   [](pqxx::nontransaction& session) -> absl::StatusOr<int> {
                     return session.exec_params1("SELECT count(*) + $1 FROM notes", 1)[0].as<int>();
                   })
          .value(),
      101);
  // Another client of the same server connection finds it as if we had never been there.
  pqxx::connection stranger(bouncer.dsn());
  pqxx::nontransaction session(stranger);
  EXPECT_EQ(session.exec1("SHOW statement_timeout")[0].as<std::string>(), "0");
  EXPECT_EQ(session.exec1("SHOW lock_timeout")[0].as<std::string>(), "0");
  EXPECT_EQ(session.exec1("SHOW default_transaction_isolation")[0].as<std::string>(),
            "serializable");
}

}  // namespace
}  // namespace fleetcast::db
