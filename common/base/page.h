// Keyset pagination (AIP-158): page sizes, and opaque URL-safe tokens bound to the request
// that they continue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fleetcast {

inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;
// A page ends before the item that would take it beyond this, though it holds one at least:
// messages carry 4 MiB.
inline constexpr std::size_t kMaxPageBytes = std::size_t{1} << 20;

struct PageRequest {
  int size = kDefaultPageSize;
  // Sort-key values of the last row of the previous page, in order; empty for the first page.
  std::vector<std::string> after;
};

// 0 means 100, above 1000 is coerced to 1000, negative is INVALID_ARGUMENT on `page_size`.
// `binding` is a canonical text of the method and all its other arguments: a token made under
// another binding, or a damaged one, is INVALID_ARGUMENT on `page_token`.
[[nodiscard]] absl::StatusOr<PageRequest> ParsePage(std::int32_t page_size,
                                                    const std::string& page_token,
                                                    const std::string& binding);

// The token that continues after the row whose sort-key values are `last_key`.
[[nodiscard]] std::string MakePageToken(const std::vector<std::string>& last_key,
                                        const std::string& binding);

// One page of a list as a store gives it: ask the store for `size + 1` rows to learn whether
// there is more.
template <typename T>
struct PageOf {
  std::vector<T> items;
  // Sort-key values of the last item if more follow; empty at the end.
  std::vector<std::string> next_after;
};

}  // namespace fleetcast
