// Pages that end at a size in bytes as well: what one message carries is bounded, however long the
// texts of its items are.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/base/page.h"

namespace fleetcast::rpc {

// Puts the messages of `page`'s items into `messages`, until they have kMaxPageBytes but at least
// one, and returns the token of the next page, "" at the end. `key` gives an item's sort-key
// values.
template <typename T, typename Messages, typename MessageOf, typename Key>
[[nodiscard]] std::string FillPage(const PageOf<T>& page, const std::string& binding,
                                   Messages* messages, MessageOf&& message_of, Key&& key) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    auto message = message_of(page.items[i]);
    bytes += message.ByteSizeLong();
    if (i > 0 && bytes > kMaxPageBytes) return MakePageToken(key(page.items[i - 1]), binding);
    *messages->Add() = std::move(message);
  }
  return page.next_after.empty() ? std::string() : MakePageToken(page.next_after, binding);
}

}  // namespace fleetcast::rpc
