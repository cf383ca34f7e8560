#include "common/rpc/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/health.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/unit/rpc/echo_server.h"

namespace fleetcast::rpc {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    auto server =
        Server::Start({.drain_timeout = absl::Seconds(5), .draining = &echo_.draining}, {&echo_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = EchoService::NewStub(Connect(server_->address()));
  }

  absl::StatusOr<EchoResponse> Call(const std::string& text) {
    EchoRequest request;
    request.set_text(text);
    return rpc::Call<EchoResponse>(absl::Seconds(10), [&](auto* context, auto* reply) {
      return stub_->Echo(context, request, reply);
    });
  }

  EchoServer echo_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<EchoService::Stub> stub_;
};

TEST_F(ServerTest, CallsAreAnsweredAndErrorsKeepTheirDetails) {
  EXPECT_EQ(Call("hello")->text(), "hello");
  const absl::Status status = Call("fail").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "TOLD_TO_FAIL");
}

TEST_F(ServerTest, TheRequestIdOfTheCallerIsTheHandlers) {
  const ScopedLogFields scope(LogFields{{"request_id", "r-42"}});
  EXPECT_EQ(Call("hello")->logged_request_id(), "r-42");
}

TEST_F(ServerTest, ACallWithoutRequestIdGetsOneAndNoneIsLeftBehind) {
  const std::string first = Call("hello")->logged_request_id();
  const std::string second = Call("hello")->logged_request_id();
  EXPECT_EQ(first.size(), 26u);
  EXPECT_NE(first, second);
}

TEST_F(ServerTest, EveryCallIsLoggedWithMethodIdCodeAndTime) {
  ::testing::internal::CaptureStderr();
  const ScopedLogFields scope(LogFields{{"request_id", "r-43"}});
  (void)Call("fail");
  server_->Drain();
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(absl::StrContains(log, R"("method":"/fleetcast.test.v1.EchoService/Echo")")) << log;
  EXPECT_TRUE(absl::StrContains(log, R"("request_id":"r-43")")) << log;
  EXPECT_TRUE(absl::StrContains(log, R"("code":"FAILED_PRECONDITION")")) << log;
  EXPECT_TRUE(absl::StrContains(log, R"("milliseconds":")")) << log;
}

TEST_F(ServerTest, HealthIsToldForTheServerAndEachService) {
  const std::string address = server_->address();
  EXPECT_TRUE(CheckHealth(address, absl::Seconds(5)).ok());
  EXPECT_TRUE(CheckHealth(address, absl::Seconds(5), "fleetcast.test.v1.EchoService").ok());
  EXPECT_EQ(CheckHealth(address, absl::Seconds(5), "no.such.Service").code(),
            absl::StatusCode::kNotFound);
  server_->Drain();
  EXPECT_EQ(CheckHealth(address, absl::Seconds(5)).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ServerTest, HealthIsToldOfMoreThanTheServerAndLivenessIsApart) {
  const std::string address = server_->address();
  const auto serves = [&](const std::string& name) {
    return CheckHealth(address, absl::Seconds(10), name).ok();
  };
  server_->SetServing("dependency/sensors", false);
  EXPECT_FALSE(serves("dependency/sensors"));
  EXPECT_TRUE(serves(""));
  server_->SetServing(false);
  EXPECT_FALSE(serves(""));
  EXPECT_FALSE(serves("fleetcast.test.v1.EchoService"));
  EXPECT_TRUE(serves("liveness"));
  server_->SetServing(true);
  server_->SetServing("dependency/sensors", true);
  EXPECT_TRUE(serves("") && serves("fleetcast.test.v1.EchoService"));
  EXPECT_TRUE(serves("dependency/sensors"));
  server_->BeginDrain();
  server_->SetServing(true);
  EXPECT_FALSE(serves("")) << "a server that drains must not come back";
  EXPECT_TRUE(serves("liveness"));
}

TEST(HealthWatchersTest, WhoWatchesHealthDoesNotHoldADrainUp) {
  // It would, for longer than a test may take.
  const auto server = Server::Start({.drain_timeout = absl::Hours(1)}, {}).value();
  const auto context = MakeContext(absl::Hours(2));
  const auto stub = grpc::health::v1::Health::NewStub(Connect(server->address()));
  const auto reader = stub->Watch(context.get(), {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  server->BeginDrain();
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  server->Drain();
  EXPECT_FALSE(reader->Read(&response));
}

TEST_F(ServerTest, TheCallsThatRunAreKnown) {
  EXPECT_EQ(server_->RunningCalls(), "");
  auto context = MakeContext(absl::Seconds(60));
  const auto reader = stub_->Repeat(context.get(), {});
  EchoResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(server_->RunningCalls(), "1 of /fleetcast.test.v1.EchoService/Repeat");
  server_->Drain();
  EXPECT_EQ(server_->RunningCalls(), "");
}

TEST_F(ServerTest, DrainingTurnsHealthBeforeStreamsEndAndEndsThemUnavailable) {
  auto context = MakeContext(absl::Seconds(30));
  EchoRequest request;
  request.set_text("again");
  const auto reader = stub_->Repeat(context.get(), request);
  EchoResponse response;
  ASSERT_TRUE(reader->Read(&response));
  std::thread drainer([&] { server_->Drain(); });
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  drainer.join();
}

TEST_F(ServerTest, APortThatIsTakenIsRefused) {
  const auto second = Server::Start({.listen = server_->address()}, {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(second.status()), "ADDRESS_NOT_AVAILABLE");
  EXPECT_TRUE(absl::StrContains(std::string(second.status().message()), server_->address()));
}

TEST_F(ServerTest, AServerThatIsGoneIsUnavailable) {
  server_->Drain();
  server_.reset();
  EXPECT_EQ(Call("hello").status().code(), absl::StatusCode::kUnavailable);
}

// One question to reflection (v1alpha): ServerReflectionRequest {file_containing_symbol = 4}.
std::string ReflectedFileOf(const std::string& address, const std::string& symbol) {
  const auto context = MakeContext(absl::Seconds(10));
  grpc::GenericStub stub(Connect(address));
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(
      context.get(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(next());
  const grpc::Slice slice(absl::StrCat("\x22", std::string(1, char(symbol.size())), symbol));
  call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
  EXPECT_TRUE(next());
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  EXPECT_TRUE(next());
  grpc::Slice bytes;
  EXPECT_TRUE(response.DumpToSingleSlice(&bytes).ok());
  context->TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  return {bytes.begin(), bytes.end()};
}

TEST_F(ServerTest, ReflectionKnowsTheServicesAndTheDetailsOfErrors) {
  const std::string service = ReflectedFileOf(server_->address(), "fleetcast.test.v1.EchoService");
  EXPECT_TRUE(absl::StrContains(service, "EchoResponse"));
  EXPECT_TRUE(absl::StrContains(ReflectedFileOf(server_->address(), "grpc.health.v1.Health"),
                                "HealthCheckResponse"));
  for (const char* detail : {"google.rpc.ErrorInfo", "google.rpc.BadRequest",
                             "google.rpc.ResourceInfo", "google.rpc.RetryInfo"})
    EXPECT_TRUE(absl::StrContains(ReflectedFileOf(server_->address(), detail),
                                  "google/rpc/error_details.proto"))
        << detail;
}

}  // namespace
}  // namespace fleetcast::rpc
