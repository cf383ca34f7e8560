// Reads a List method page by page.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace fleetcast::cli {

// The first `limit` items (0 = all); says on standard error when there are more. `items` takes the
// repeated field of a response.
template <typename Request, typename Response, typename Items>
[[nodiscard]] auto ListAll(Session& session, const Method<Request, Response>& method,
                           Request request, std::int64_t limit, Items items)
    -> absl::StatusOr<std::vector<
        typename std::remove_pointer_t<decltype(items(std::declval<Response*>()))>::value_type>> {
  constexpr std::int64_t kLargestPage = 1000;
  std::vector<
      typename std::remove_pointer_t<decltype(items(std::declval<Response*>()))>::value_type>
      all;
  while (true) {
    const auto wanted = static_cast<std::int64_t>(limit - static_cast<std::int64_t>(all.size()));
    request.set_page_size(
        static_cast<std::int32_t>(limit == 0 ? kLargestPage : std::min(wanted, kLargestPage)));
    auto page = session.Call(method, request);
    if (!page.ok()) return page.status();
    auto* found = items(&*page);
    for (auto& item : *found) all.push_back(std::move(item));
    request.set_page_token(page->next_page_token());
    if (page->next_page_token().empty()) return all;
    if (limit != 0 && static_cast<std::int64_t>(all.size()) >= limit) {
      session.Note("only the first " + std::to_string(limit) + " are shown; --limit 0 shows all");
      return all;
    }
  }
}

// Every page of an answer whose pages end by their bytes.
template <typename Request, typename Response, typename OnPage>
[[nodiscard]] absl::Status EachPage(Session& session, const Method<Request, Response>& method,
                                    Request request, OnPage on_page) {
  do {
    auto page = session.Call(method, request);
    if (!page.ok()) return page.status();
    request.set_page_token(page->next_page_token());
    on_page(*std::move(page));
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
