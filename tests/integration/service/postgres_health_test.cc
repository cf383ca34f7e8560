// What health says while a real Postgres hangs, takes no writes or is gone.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <pqxx/pqxx>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/rpc/health.h"
#include "common/service/dependencies.h"
#include "common/service/replica.h"
#include "tests/support/test_database.h"

namespace fleetcast::service {
namespace {

bool Soon(const std::function<bool()>& condition) {
  for (const Patience wait(absl::Seconds(60)); !wait.IsOver();) {
    if (condition()) return true;
    absl::SleepFor(absl::Milliseconds(50));
  }
  return false;
}

class Stores final : public Service {
 public:
  explicit Stores(std::string dsn) : dsn_(std::move(dsn)) {}
  std::vector<grpc::Service*> grpc_services() override { return {}; }
  std::vector<Dependency> dependencies() override {
    return {OwnPostgres(dsn_), ReadPostgres("sensors", dsn_)};
  }

 private:
  const std::string dsn_;
};

class PostgresHealthTest : public ::testing::Test {
 protected:
  PostgresHealthTest() : dsn_(testing::NewDatabase()) {}

  void Execute(const std::string& sql) {
    pqxx::connection connection(dsn_);
    pqxx::nontransaction session(connection);
    session.exec("SET default_transaction_read_only = off");
    session.exec(sql);
  }
  void MakeReadOnly(bool read_only) {
    const std::string name = pqxx::connection(dsn_).dbname();
    Execute(absl::StrCat("ALTER DATABASE ", name,
                         " SET default_transaction_read_only = ", read_only ? "on" : "off"));
    // What runs keeps its settings: a failover cuts it.
    Execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()");
  }

  const std::string dsn_;
};

TEST_F(PostgresHealthTest, AServiceWhosePostgresHangsSaysSoAndServesAgainByItself) {
  const auto replica = Replica::Start({}, std::make_unique<Stores>(dsn_)).value();
  const auto serves = [&](const std::string& name) {
    return rpc::CheckHealth(replica->address(), absl::Seconds(20), name).ok();
  };
  ASSERT_TRUE(Soon([&] { return serves("dependency/postgres") && serves("dependency/sensors"); }));
  {
    const testing::FrozenCluster frozen(testing::SharedCluster());
    EXPECT_TRUE(Soon([&] { return !serves("") && !serves("dependency/postgres"); }));
    EXPECT_TRUE(Soon([&] { return !serves("dependency/sensors"); }));
    EXPECT_TRUE(serves("liveness"));
  }
  EXPECT_TRUE(Soon([&] { return serves("") && serves("dependency/postgres"); }));
}

TEST_F(PostgresHealthTest, APostgresThatHangsIsNamed) {
  const Dependency postgres = OwnPostgres(dsn_);
  ASSERT_TRUE(postgres.check().ok());
  {
    const testing::FrozenCluster frozen(testing::SharedCluster());
    EXPECT_EQ(ReasonOf(postgres.check()), "POSTGRES_SILENT");
    EXPECT_EQ(postgres.check().code(), absl::StatusCode::kUnavailable);  // no new connection either
  }
  EXPECT_TRUE(Soon([&] { return postgres.check().ok(); }));
}

TEST_F(PostgresHealthTest, APostgresThatTakesNoWritesIsAwayForWhoWritesAlone) {
  const Dependency own = OwnPostgres(dsn_), sensors = ReadPostgres("sensors", dsn_);
  ASSERT_TRUE(own.check().ok());
  MakeReadOnly(true);
  EXPECT_TRUE(Soon([&] { return ReasonOf(own.check()) == "POSTGRES_READ_ONLY"; })) << own.check();
  EXPECT_TRUE(Soon([&] { return sensors.check().ok(); }));
  MakeReadOnly(false);
  EXPECT_TRUE(Soon([&] { return own.check().ok(); })) << own.check();
}

TEST_F(PostgresHealthTest, APostgresThatIsNotThereIsUnavailable) {
  const Dependency postgres = OwnPostgres("host=/nonexistent dbname=x");
  EXPECT_TRUE(postgres.essential);
  EXPECT_EQ(postgres.check().code(), absl::StatusCode::kUnavailable) << postgres.check();
}

}  // namespace
}  // namespace fleetcast::service
