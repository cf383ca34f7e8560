#include "common/db/request_ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "tests/support/test_database.h"

namespace fleetcast::db {
namespace {

class RequestLedgerTest : public ::testing::Test {
 protected:
  RequestLedgerTest() : pool_({.dsn = testing::NewDatabase(), .size = 20}) {
    const absl::Status made = RunInTransaction(pool_, [](pqxx::work& work) {
      work.exec(
          "CREATE SCHEMA shop;"
          "CREATE TABLE shop.requests (request_id uuid PRIMARY KEY, method text NOT NULL,"
          "  fingerprint text NOT NULL, answer text,"
          "  create_time timestamptz NOT NULL DEFAULT now());"
          "CREATE TABLE shop.effects (id serial PRIMARY KEY)");
      return absl::OkStatus();
    });
    EXPECT_TRUE(made.ok()) << made;
  }

  absl::StatusOr<std::string> Order(const MutatingRequest& request) {
    return RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<std::string> {
      FLEETCAST_ASSIGN_OR_RETURN(const auto first, ClaimRequest(work, "shop", request));
      if (first) return *first;
      const auto id =
          work.exec1("INSERT INTO shop.effects DEFAULT VALUES RETURNING id")[0].as<std::string>();
      const std::string answer = "orders/" + id;
      FLEETCAST_RETURN_IF_ERROR(RecordAnswer(work, "shop", request, answer));
      return answer;
    });
  }

  int Effects() {
    const auto count = RunInTransaction(pool_, [](pqxx::work& work) -> absl::StatusOr<int> {
      return work.exec1("SELECT count(*) FROM shop.effects")[0].as<int>();
    });
    EXPECT_TRUE(count.ok()) << count.status();
    return count.value_or(-1);
  }

  ConnectionPool pool_;
};

constexpr char kId[] = "7d3f1c52-0a4e-4b6c-9a53-2f6f0c1d8e90";

TEST_F(RequestLedgerTest, FiftySimultaneousRequestsOfOneIdHaveOneEffectAndOneAnswer) {
  std::vector<std::thread> callers;
  absl::Mutex mutex;
  std::set<std::string> answers;
  for (int i = 0; i < 50; ++i)
    callers.emplace_back([&] {
      const auto answer = Order({kId, "CreateOrder", "abc"});
      absl::MutexLock lock(&mutex);
      answers.insert(answer.ok() ? *answer : answer.status().ToString());
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(answers.size(), 1u);
  EXPECT_EQ(Effects(), 1);
}

TEST_F(RequestLedgerTest, AnIdUsedForAnotherRequestOrMethodIsRefused) {
  ASSERT_TRUE(Order({kId, "CreateOrder", "abc"}).ok());
  EXPECT_EQ(ReasonOf(Order({kId, "CreateOrder", "xyz"}).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Order({kId, "CancelOrder", "abc"}).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Effects(), 1);
}

TEST_F(RequestLedgerTest, TheCaseOfTheIdDoesNotMatter) {
  const auto first = Order({kId, "CreateOrder", "abc"});
  const auto again = Order({"7D3F1C52-0A4E-4B6C-9A53-2F6F0C1D8E90", "CreateOrder", "abc"});
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(*first, *again);
}

TEST_F(RequestLedgerTest, AFailedFirstCallLeavesTheIdFree) {
  const MutatingRequest request{kId, "CreateOrder", "abc"};
  const absl::Status failed = RunInTransaction(pool_, [&](pqxx::work& work) -> absl::Status {
    FLEETCAST_ASSIGN_OR_RETURN(const auto first, ClaimRequest(work, "shop", request));
    EXPECT_FALSE(first);
    return absl::FailedPreconditionError("out of stock");
  });
  EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Order(request).ok());
  EXPECT_EQ(Effects(), 1);
}

TEST_F(RequestLedgerTest, SeveralRequestsAreClaimedAtOnceEachWithItsOwnOutcome) {
  const std::string fresh = "aaaaaaaa-0a4e-4b6c-9a53-2f6f0c1d8e90";
  const std::string failing = "bbbbbbbb-0a4e-4b6c-9a53-2f6f0c1d8e90";
  ASSERT_TRUE(Order({kId, "CreateOrder", "abc"}).ok());
  const absl::Status batch = RunInTransaction(pool_, [&](pqxx::work& work) {
    const auto claims = ClaimRequests(work, "shop",
                                      {{failing, "CreateOrder", "f"},
                                       {kId, "CreateOrder", "abc"},
                                       {"no uuid", "CreateOrder", "abc"},
                                       {fresh, "CreateOrder", "g"}});
    EXPECT_EQ(claims[0].value(), std::nullopt);
    EXPECT_EQ(claims[1].value(), "orders/1");
    EXPECT_EQ(claims[2].status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(claims[3].value(), std::nullopt);
    const auto reused = ClaimRequests(work, "shop", {{kId, "CreateOrder", "xyz"}});
    EXPECT_EQ(ReasonOf(reused[0].status()), "REQUEST_ID_REUSED");
    return RecordAnswers(work, "shop", {{failing, std::nullopt}, {fresh, "orders/7"}});
  });
  ASSERT_TRUE(batch.ok()) << batch;
  EXPECT_EQ(*Order({fresh, "CreateOrder", "g"}), "orders/7");
  EXPECT_EQ(*Order({failing, "CreateOrder", "other"}), "orders/2") << "the claim was given back";
}

TEST_F(RequestLedgerTest, AnswerWithoutClaimIsAnError) {
  const absl::Status status = RunInTransaction(pool_, [&](pqxx::work& work) {
    return RecordAnswer(work, "shop", {kId, "CreateOrder", "abc"}, "orders/1");
  });
  EXPECT_EQ(ReasonOf(status), "REQUEST_NOT_CLAIMED");
}

}  // namespace
}  // namespace fleetcast::db
