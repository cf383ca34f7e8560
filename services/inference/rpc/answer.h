// What every handler does around its one domain call: parse a list's arguments, answer a page, map
// an error.
#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/filter.h"
#include "common/base/page.h"
#include "common/base/status.h"
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

// One page: `list` gives a PageOf domain values for a PageRequest, `add` takes their messages.
template <typename Reply, typename Request, typename List, typename Add>
[[nodiscard]] grpc::Status AnswerPage(const std::string& method, const Request& request,
                                      Reply* reply, List&& list, Add&& add) {
  return Answer(reply, [&]() -> absl::StatusOr<Reply> {
    const std::string binding = rpc::PageBinding(method, request);
    FLEETCAST_ASSIGN_OR_RETURN(const PageRequest page,
                               ParsePage(request.page_size(), request.page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(const auto items, list(page));
    Reply answer;
    for (const auto& item : items.items) *add(answer) = MessageOf(item);
    if (!items.next_after.empty()) {
      answer.set_next_page_token(MakePageToken(items.next_after, binding));
    }
    return answer;
  });
}

}  // namespace fleetcast::inference
