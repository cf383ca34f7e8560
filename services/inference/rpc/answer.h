// What every handler does around its one domain call: parse a list's arguments, answer a page, map
// an error.
#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/filter.h"
#include "common/base/page.h"
#include "common/base/status.h"
#include "common/rpc/page.h"
#include "common/rpc/request.h"
#include "common/rpc/status.h"
#include "services/inference/rpc/messages.h"

namespace fleetcast::inference {

// Fills in the reply from what `handle` returns, or maps its error.
template <typename Reply, typename Handle>
[[nodiscard]] grpc::Status Answer(Reply* reply, Handle&& handle) {
  absl::StatusOr<Reply> answer = handle();
  if (!answer.ok()) return rpc::ToGrpc(answer.status());
  *reply = *std::move(answer);
  return grpc::Status::OK;
}

// Calls `act` with the request's identity, and makes a message of what it returns.
template <typename Reply, typename Request, typename Act>
[[nodiscard]] grpc::Status AnswerMutation(const std::string& method, const Request& request,
                                          Reply* reply, Act&& act) {
  return Answer(reply, [&]() -> absl::StatusOr<Reply> {
    FLEETCAST_ASSIGN_OR_RETURN(const MutatingRequest identity,
                               rpc::IdentifyRequest(method, request));
    FLEETCAST_ASSIGN_OR_RETURN(const auto made, act(identity));
    return MessageOf(made);
  });
}

// The sort keys of listed items, to continue a list after them; the others' are their stores'.
[[nodiscard]] inline std::vector<std::string> PageKeyOf(const Sweep& sweep) {
  return {sweep.group.id};
}
[[nodiscard]] inline std::vector<std::string> PageKeyOf(const Release& release) {
  return {release.group.id};
}
[[nodiscard]] inline std::vector<std::string> PageKeyOf(const ReleaseStep& step) {
  return {step.task.group_id, step.task.name};
}
[[nodiscard]] inline std::vector<std::string> PageKeyOf(const Invocation& invocation) {
  return {invocation.task.group_id, invocation.task.name};
}

// One page, of bounded bytes: `list` gives a PageOf domain values for a PageRequest, `messages` is
// the field that takes their messages.
template <typename Reply, typename Request, typename List, typename Messages>
[[nodiscard]] grpc::Status AnswerPage(const std::string& method, const Request& request,
                                      Reply* reply, List&& list, Messages&& messages) {
  return Answer(reply, [&]() -> absl::StatusOr<Reply> {
    const std::string binding = rpc::PageBinding(method, request);
    FLEETCAST_ASSIGN_OR_RETURN(const PageRequest page,
                               ParsePage(request.page_size(), request.page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(const auto items, list(page));
    Reply answer;
    answer.set_next_page_token(rpc::FillPage(
        items, binding, messages(answer), [](const auto& item) { return MessageOf(item); },
        [](const auto& item) { return PageKeyOf(item); }));
    return answer;
  });
}

}  // namespace fleetcast::inference
