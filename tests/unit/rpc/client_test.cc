#include "common/rpc/client.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stop_token>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/current_call.h"
#include "common/rpc/server.h"
#include "tests/unit/rpc/echo_server.h"

namespace fleetcast::rpc {
namespace {

// More than any of these calls takes.
constexpr absl::Duration kAmple = absl::Seconds(60);

// A server in front of another, which it calls "the echo service".
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : behind_server_(Start(behind_)), front_server_(Start(front_)) {
    front_.behind = EchoService::NewStub(ConnectDependency("echo", behind_server_->address()));
    stub_ = EchoService::NewStub(Connect(front_server_->address()));
  }
  ~ClientTest() override { front_server_->Drain(); }

  static std::unique_ptr<Server> Start(EchoServer& echo) {
    auto server =
        Server::Start({.drain_timeout = absl::Seconds(5), .draining = &echo.draining}, {&echo});
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  absl::StatusOr<EchoResponse> Echo(const std::string& text, absl::Duration timeout = kAmple) {
    EchoRequest request;
    request.set_text(text);
    return Call<EchoResponse>(
        timeout, [&](auto* context, auto* reply) { return stub_->Echo(context, request, reply); });
  }

  EchoServer behind_, front_;
  std::unique_ptr<Server> behind_server_, front_server_;
  std::unique_ptr<EchoService::Stub> stub_;
};

TEST(TimeForWorkTest, ATenthIsKeptForTheAnswerAndHalfASecondAtMost) {
  EXPECT_EQ(TimeForWork(absl::Seconds(1)), absl::Milliseconds(900));
  EXPECT_EQ(TimeForWork(absl::Seconds(5)), absl::Milliseconds(4500));
  EXPECT_EQ(TimeForWork(absl::Seconds(60)), absl::Milliseconds(59'500));
  EXPECT_EQ(TimeForWork(absl::ZeroDuration()), absl::ZeroDuration());
}

TEST_F(ClientTest, TheDeadlineOfACallIsThatOfItsHandlerAndOfWhatItCalls) {
  // Half a second less than the call has, which gRPC rounds up on its way.
  EXPECT_LT(Echo("hello", absl::Seconds(40))->seconds_left(), 40);
  EXPECT_GT(Echo("hello", absl::Seconds(40))->seconds_left(), 0);
  EXPECT_LT(Echo("forwardhello", absl::Seconds(40))->seconds_left(), 39.5);
  EXPECT_FALSE(RemainingTime());
}

TEST_F(ClientTest, ACallWithoutDeadlineHasTheServersAndAStreamNone) {
  grpc::ClientContext context, stream_context;
  EchoResponse response;
  ASSERT_TRUE(stub_->Echo(&context, {}, &response).ok());
  EXPECT_LE(response.seconds_left(), absl::ToDoubleSeconds(kLongestUnaryCall));
  const auto reader = stub_->Repeat(&stream_context, {});
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_TRUE(std::isinf(response.seconds_left()));
  stream_context.TryCancel();
}

TEST_F(ClientTest, AServiceThatHangsIsNamed) {
  front_.patience_with_behind = absl::Milliseconds(300);
  const absl::Status status = Echo("forwardhang").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  ASSERT_EQ(ReasonOf(status), "DEPENDENCY_TIMEOUT") << status;
  EXPECT_TRUE(absl::StrContains(
      status.message(),
      absl::StrCat("the echo service at ", behind_server_->address(), " did not answer within ")))
      << status;
  EXPECT_EQ(DetailsOf(status)->metadata.at("service"), "echo");
}

TEST_F(ClientTest, AServiceThatIsGoneIsNamed) {
  const std::string address = behind_server_->address();
  behind_server_.reset();
  const absl::Status status = Echo("forwardhello").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DEPENDENCY_UNREACHABLE") << status;
  EXPECT_TRUE(absl::StrContains(
      status.message(), absl::StrCat("the echo service at ", address, " cannot be reached")))
      << status;
}

TEST_F(ClientTest, AServiceThatStopsWhileItWorksIsAwayAndNotCancelled) {
  absl::Status status;
  std::thread caller([&] { status = Echo("forwardhang").status(); });
  EXPECT_TRUE(behind_.hangs.WaitFor(absl::Minutes(2)));
  behind_server_->Drain();
  caller.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(ReasonOf(status), "DEPENDENCY_UNREACHABLE") << status;
}

TEST_F(ClientTest, WhatAServiceSaysItselfIsPassedOnAsItIs) {
  EXPECT_EQ(ReasonOf(Echo("forwardfail").status()), "TOLD_TO_FAIL");
}

TEST_F(ClientTest, TheCallsOfACallThatIsCancelledAreCancelled) {
  const auto context = MakeContext(kAmple);
  std::thread caller([&] {
    EchoRequest request;
    request.set_text("forwardhang");
    EchoResponse response;
    EXPECT_EQ(stub_->Echo(context.get(), request, &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(behind_.hangs.WaitFor(absl::Minutes(2)));
  context->TryCancel();
  EXPECT_TRUE(behind_.was_cancelled.WaitFor(absl::Minutes(2)));
  caller.join();
}

TEST_F(ClientTest, ACallEndsWhenItsThreadIsToldToStop) {
  const auto stub = EchoService::NewStub(ConnectDependency("echo", behind_server_->address()));
  std::stop_source source;
  absl::Status status;
  std::thread caller([&] {
    const ScopedCancellation cancellation(source.get_token());
    EchoRequest request;
    request.set_text("hang");
    status = Call<EchoResponse>(kAmple, [&](auto* context, auto* reply) {
               return stub->Echo(context, request, reply);
             }).status();
  });
  EXPECT_TRUE(behind_.hangs.WaitFor(absl::Minutes(2)));
  source.request_stop();
  caller.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_TRUE(behind_.was_cancelled.WaitFor(absl::Minutes(2)));
}

TEST_F(ClientTest, NobodyIsBlamedWhenThereWasNoTimeToAsk) {
  const ScopedDeadline over(absl::ZeroDuration());
  const auto stub = EchoService::NewStub(ConnectDependency("echo", behind_server_->address()));
  EchoRequest request;
  request.set_text("hang");
  const auto answer = Call<EchoResponse>(
      kAmple, [&](auto* context, auto* reply) { return stub->Echo(context, request, reply); });
  EXPECT_EQ(ReasonOf(answer.status()), "CALL_DEADLINE_PASSED") << answer.status();
}

TEST_F(ClientTest, AllAddressesOfANameAreCalled) {
  const auto stub = EchoService::NewStub(
      Connect(absl::StrCat("ipv4:", behind_server_->address(), ",", front_server_->address())));
  std::set<std::string> peers;
  while (peers.size() < 2) {
    const auto context = MakeContext(kAmple);
    EchoResponse response;
    ASSERT_TRUE(stub->Echo(context.get(), {}, &response).ok());
    peers.insert(context->peer());
  }
}

}  // namespace
}  // namespace fleetcast::rpc
