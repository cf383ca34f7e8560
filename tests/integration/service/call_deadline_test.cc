// A call's time bounds what it asks of Postgres, and its handler then knows what it was that took
// too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "fleetcast/test/v1/echo.grpc.pb.h"
#include "tests/support/test_database.h"

namespace fleetcast::service {
namespace {

using test::v1::EchoRequest;
using test::v1::EchoResponse;
using test::v1::EchoService;

// Executes the text as SQL.
class SqlServer final : public EchoService::Service {
 public:
  explicit SqlServer(const std::string& dsn) : pool_({.dsn = dsn}) {}

  grpc::Status Echo(grpc::ServerContext* context, const EchoRequest* request,
                    EchoResponse*) override {
    if (request->text() == "wait") return AskOnceCancelled(*context);
    answer = db::ReadInTransaction(pool_, [&](pqxx::work& work) {
      work.exec(request->text());
      return absl::OkStatus();
    });
    return rpc::ToGrpc(answer);
  }

  // What was answered last; on a busy machine the caller may have gone before it hears it.
  absl::Status answer;
  Notification waits;
  absl::Status answer_once_cancelled;

 private:
  grpc::Status AskOnceCancelled(grpc::ServerContext& context) {
    waits.Notify();
    while (!context.IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    answer_once_cancelled = pool_.Acquire().status();
    return grpc::Status::CANCELLED;
  }

  db::ConnectionPool pool_;
};

class CallDeadlineTest : public ::testing::Test {
 protected:
  CallDeadlineTest()
      : sql_(testing::NewDatabase()),
        server_(rpc::Server::Start({}, {&sql_}).value()),
        stub_(EchoService::NewStub(rpc::Connect(server_->address()))) {}

  grpc::Status Execute(grpc::ClientContext& context, const std::string& sql) {
    EchoRequest request;
    request.set_text(sql);
    EchoResponse response;
    return stub_->Echo(&context, request, &response);
  }
  // What the handler answers a caller who gives it so long.
  absl::Status AnswerTo(absl::Duration timeout, const std::string& sql) {
    (void)Execute(*rpc::MakeContext(timeout), sql);
    server_->Drain();  // the handler has returned
    return sql_.answer;
  }

  SqlServer sql_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<EchoService::Stub> stub_;
};

TEST_F(CallDeadlineTest, AStatementThatTakesTooLongEndsWithTheCall) {
  // Postgres ends it, or the pool where Postgres is late with that.
  EXPECT_THAT(ReasonOf(AnswerTo(absl::Seconds(3), "SELECT pg_sleep(600)")),
              ::testing::AnyOf("POSTGRES_STATEMENT_TIMEOUT", "POSTGRES_SILENT"));
}

TEST_F(CallDeadlineTest, APostgresThatHangsIsNamedToItsCaller) {
  ASSERT_TRUE(Execute(*rpc::MakeContext(absl::Seconds(60)), "SELECT 1").ok());
  const testing::FrozenCluster frozen(testing::SharedCluster());
  EXPECT_EQ(ReasonOf(AnswerTo(absl::Seconds(5), "SELECT 1")), "POSTGRES_SILENT");
}

TEST_F(CallDeadlineTest, ACallThatIsCancelledAsksNothingMore) {
  const auto context = rpc::MakeContext(absl::Minutes(10));
  std::thread caller([&] { (void)Execute(*context, "wait"); });
  EXPECT_TRUE(sql_.waits.WaitFor(absl::Minutes(2)));
  context->TryCancel();
  caller.join();
  server_->Drain();
  EXPECT_EQ(ReasonOf(sql_.answer_once_cancelled), "CALL_DEADLINE_PASSED")
      << sql_.answer_once_cancelled;
}

}  // namespace
}  // namespace fleetcast::service
