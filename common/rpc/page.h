// Pages that end at a size in bytes as well: what one message carries is bounded, however long the
// texts of its items are.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "common/base/page.h"

namespace fleetcast::rpc {

// What one page takes: `size` items and kMaxPageBytes at most, but one item in any case.
class PageBudget {
 public:
  explicit PageBudget(int size = std::numeric_limits<int>::max()) : size_(size) {}
  // Whether an item of so many bytes belongs to the page; it is counted then.
  [[nodiscard]] bool Take(std::size_t bytes) {
    if (items_ > 0 && (items_ >= size_ || bytes_ + bytes > kMaxPageBytes)) return false;
    ++items_;
    bytes_ += bytes;
    return true;
  }

 private:
  int size_;
  int items_ = 0;
  std::size_t bytes_ = 0;
};

// Puts the messages of `page`'s items into `messages`, until they have kMaxPageBytes but at least
// one, and returns the token of the next page, "" at the end. `key` gives an item's sort-key
// values.
template <typename T, typename Messages, typename MessageOf, typename Key>
[[nodiscard]] std::string FillPage(const PageOf<T>& page, const std::string& binding,
                                   Messages* messages, MessageOf&& message_of, Key&& key) {
  PageBudget budget;
  for (std::size_t i = 0; i < page.items.size(); ++i) {
    auto message = message_of(page.items[i]);
    if (!budget.Take(message.ByteSizeLong())) return MakePageToken(key(page.items[i - 1]), binding);
    *messages->Add() = std::move(message);
  }
  return page.next_after.empty() ? std::string() : MakePageToken(page.next_after, binding);
}

}  // namespace fleetcast::rpc
