// A service for tests of what every server and every call has.
#pragma once

#include <limits>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/notification.h"
#include "common/base/status.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "fleetcast/test/v1/echo.grpc.pb.h"

namespace fleetcast::rpc {

using test::v1::EchoRequest;
using test::v1::EchoResponse;
using test::v1::EchoService;

class EchoServer final : public EchoService::Service {
 public:
  // "fail" fails, "hang" hangs until it is cancelled, "forward…" asks `behind` for the rest.
  grpc::Status Echo(grpc::ServerContext* context, const EchoRequest* request,
                    EchoResponse* response) override {
    const std::string& text = request->text();
    if (text == "fail")
      return ToGrpc(Refused(absl::StatusCode::kFailedPrecondition, "TOLD_TO_FAIL", "told to fail"));
    if (text == "hang") return Hang(*context);
    if (text.starts_with("forward")) return Forward(text.substr(7), response);
    LogInfo("echoing");
    response->set_text(text);
    response->set_logged_request_id(CurrentLogField("request_id"));
    response->set_seconds_left(SecondsLeft());
    return grpc::Status::OK;
  }

  grpc::Status Repeat(grpc::ServerContext* context, const EchoRequest* request,
                      grpc::ServerWriter<EchoResponse>* writer) override {
    EchoResponse response;
    response.set_text(request->text());
    response.set_seconds_left(SecondsLeft());
    writer->Write(response);
    while (!context->IsCancelled())
      if (draining.WaitFor(absl::Milliseconds(10)))
        return ToGrpc(absl::UnavailableError("the server drains"));
    return grpc::Status::CANCELLED;
  }

  std::unique_ptr<EchoService::Stub> behind;
  absl::Duration patience_with_behind = absl::Minutes(10);
  Notification hangs, was_cancelled;  // of the first call that hangs
  Notification draining;

 private:
  static double SecondsLeft() {
    const auto left = RemainingTime();
    return left ? absl::ToDoubleSeconds(*left) : std::numeric_limits<double>::infinity();
  }

  grpc::Status Hang(grpc::ServerContext& context) {
    hangs.Notify();
    while (!context.IsCancelled()) absl::SleepFor(absl::Milliseconds(5));
    was_cancelled.Notify();
    return grpc::Status::CANCELLED;
  }

  grpc::Status Forward(const std::string& text, EchoResponse* response) {
    EchoRequest request;
    request.set_text(text);
    const auto answer = Call<EchoResponse>(patience_with_behind, [&](auto* context, auto* reply) {
      return behind->Echo(context, request, reply);
    });
    if (answer.ok()) *response = *answer;
    return ToGrpc(answer.status());
  }
};

}  // namespace fleetcast::rpc
