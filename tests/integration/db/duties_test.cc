#include "common/db/duties.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/patience.h"
#include "common/base/status.h"
#include "common/db/request_ledger.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

// Real time, but nobody sleeps for longer than a moment. Counts the sleeps.
class HastyClock final : public Clock {
 public:
  [[nodiscard]] absl::Time Now() const override { return system_.Now(); }
  [[nodiscard]] absl::Duration Monotonic() const override { return system_.Monotonic(); }
  bool SleepUnlessStopped(absl::Duration duration, const Notification& stop) override {
    ++sleeps;
    shortest_asked_ms = std::min(shortest_asked_ms.load(), absl::ToInt64Milliseconds(duration));
    return stop.WaitFor(absl::Milliseconds(2));
  }
  std::atomic<int> sleeps = 0;
  std::atomic<std::int64_t> shortest_asked_ms = 1 << 30;

 private:
  SystemClock system_;
};

std::string SharedSql() {
  std::ifstream file(std::filesystem::path(std::getenv("FLEETCAST_SOURCE_DIR")) /
                     "deploy/postgres/common/requests_and_duties.sql");
  return {std::istreambuf_iterator<char>(file), {}};
}

class DutiesTest : public ::testing::Test {
 protected:
  DutiesTest() : pool_({.dsn = testing::NewDatabase(), .size = 8}) {
    Execute("CREATE SCHEMA shop; SET LOCAL search_path TO shop;" + SharedSql());
  }

  void Execute(const std::string& sql) {
    const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(sql);
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  std::string Query(const std::string& sql) {
    return ReadInTransaction(pool_,
                             [&](pqxx::work& work) -> absl::StatusOr<std::string> {
                               return work.exec1(sql)[0].as<std::string>("NULL");
                             })
        .value();
  }

  // Patient: whether `sql` says so in the end.
  bool Becomes(const std::string& sql, const std::string& value) {
    for (const Patience wait(absl::Seconds(60)); !wait.IsOver();
         absl::SleepFor(absl::Milliseconds(2)))
      if (Query(sql) == value) return true;
    ADD_FAILURE() << sql << " stays " << Query(sql);
    return false;
  }

  void LetLook(int times) {
    const int until = clock_.sleeps + times;
    for (const Patience wait(absl::Seconds(60)); clock_.sleeps < until && !wait.IsOver();)
      absl::SleepFor(absl::Milliseconds(1));
    ASSERT_GE(clock_.sleeps, until);
  }

  std::unique_ptr<Duties> Start(const std::string& holder, std::vector<Duty> duties) {
    return std::make_unique<Duties>(pool_, "shop", holder, clock_, std::move(duties));
  }

  ConnectionPool pool_;
  HastyClock clock_;
};

TEST_F(DutiesTest, ThreeProcessesDoEachDutyOncePerPeriod) {
  std::atomic<int> sweeps = 0, dustings = 0;
  const auto counting = [](std::atomic<int>& count) {
    return [&count](ConnectionPool&) {
      ++count;
      return absl::OkStatus();
    };
  };
  std::vector<std::unique_ptr<Duties>> processes;
  for (const char* holder : {"a", "b", "c"})
    processes.push_back(Start(holder, {{"sweep", absl::Hours(1), counting(sweeps)},
                                       {"dust", absl::Hours(2), counting(dustings)}}));
  for (int period = 1; period <= 5; ++period) {
    ASSERT_TRUE(
        Becomes("SELECT count(*) FROM shop.duties"
                " WHERE last_end_time >= last_start_time AND next_time > now()",
                "2"));
    LetLook(12);
    EXPECT_EQ(sweeps, period);
    EXPECT_EQ(dustings, period);
    Execute("UPDATE shop.duties SET next_time = now(), last_end_time = NULL");
  }
  processes.clear();
  EXPECT_GE(clock_.shortest_asked_ms, 3000);  // what an idle process asks of Postgres
  EXPECT_EQ(Query("SELECT string_agg(last_error, '') FROM shop.duties"), "");
}

TEST_F(DutiesTest, ADutyThatFailsOrThrowsIsRecordedTriedAgainSoonAndDisturbsNoOther) {
  std::atomic<bool> broken = true;
  std::atomic<int> others = 0;
  const auto process =
      Start("a", {{"fails", absl::Hours(10),
                   [&](ConnectionPool&) -> absl::Status {
                     return broken ? absl::InternalError("dust \xB0 everywhere") : absl::OkStatus();
                   }},
                  {"throws", absl::Hours(10),
                   [&](ConnectionPool&) -> absl::Status {
                     if (broken) throw std::runtime_error("the broom broke");
                     return absl::OkStatus();
                   }},
                  {"works", absl::Hours(10), [&](ConnectionPool&) {
                     ++others;
                     return absl::OkStatus();
                   }}});
  EXPECT_TRUE(
      Becomes("SELECT count(*) FROM shop.duties WHERE last_error LIKE '%dust%everywhere%'"
              " OR last_error LIKE '%the broom broke%'",
              "2"));
  EXPECT_TRUE(Becomes("SELECT count(*) FROM shop.duties WHERE last_end_time IS NOT NULL", "3"));
  EXPECT_EQ(others, 1);
  EXPECT_EQ(Query("SELECT count(*) FROM shop.duties WHERE next_time < now() + interval '2 min'"),
            "2");
  broken = false;
  Execute("UPDATE shop.duties SET next_time = now()");
  EXPECT_TRUE(Becomes("SELECT count(*) FROM shop.duties WHERE last_error = ''", "3"));
}

TEST_F(DutiesTest, ADutyWhoseHolderDiedIsDoneByAnotherWhenItIsDueAgain) {
  Execute(
      "INSERT INTO shop.duties (name, next_time, last_start_time, holder)"
      " VALUES ('sweep', now() - interval '1 s', now() - interval '1 h', 'dead')");
  const auto process =
      Start("alive", {{"sweep", absl::Hours(1), [](ConnectionPool&) { return absl::OkStatus(); }}});
  EXPECT_TRUE(
      Becomes("SELECT holder FROM shop.duties WHERE last_end_time IS NOT NULL"
              " UNION ALL SELECT 'nobody' LIMIT 1",
              "alive"));
}

TEST_F(DutiesTest, ALateEndDoesNotCountAsTheSuccessors) {
  Notification begun, may_end;
  const auto slow = Start("slow", {{"sweep", absl::Hours(1), [&](ConnectionPool&) {
                                      begun.Notify();
                                      may_end.WaitForNotification();
                                      return absl::InternalError("too late");
                                    }}});
  begun.WaitForNotification();
  Execute("UPDATE shop.duties SET holder = 'other', last_start_time = now()");
  may_end.Notify();
  slow->Stop();
  EXPECT_EQ(Query("SELECT holder || last_error FROM shop.duties WHERE last_end_time IS NULL"),
            "other");
}

TEST_F(DutiesTest, ItStopsAtOnceWhileItSleepsAndAlsoWithoutADatabase) {
  SystemClock clock;
  ConnectionPool nowhere({.dsn = "host=/nonexistent"});
  Duties asleep(pool_, "shop", "a", clock,
                {{"sweep", absl::Hours(1), [](ConnectionPool&) { return absl::OkStatus(); }}});
  Duties blind(nowhere, "shop", "a", clock,
               {{"sweep", absl::Hours(1), [](ConnectionPool&) { return absl::OkStatus(); }}});
  EXPECT_TRUE(Becomes("SELECT count(*) FROM shop.duties WHERE last_end_time IS NOT NULL", "1"));
  asleep.Stop();
  blind.Stop();
}

TEST_F(DutiesTest, OldAnswersAreForgottenInBatchesAndYoungOnesKept) {
  Execute(
      "INSERT INTO shop.requests (request_id, method, fingerprint, answer, create_time)"
      " SELECT gen_random_uuid(), 'm', 'f', 'a', now() - interval '8 days'"
      " FROM generate_series(1, 2500);"
      "INSERT INTO shop.requests (request_id, method, fingerprint, answer, create_time)"
      " SELECT gen_random_uuid(), 'm', 'f', 'a', now() - interval '6 days'"
      " FROM generate_series(1, 10)");
  const Duty retention = RequestRetention("shop", absl::Hours(7 * 24));
  EXPECT_TRUE(retention.run(pool_).ok());
  EXPECT_EQ(Query("SELECT count(*) FROM shop.requests"), "10");
}

}  // namespace
}  // namespace fleetcast::db
