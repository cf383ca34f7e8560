// Inside of the fake stores: requests answered once, and pages of what is in memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "tests/support/inference/fake_inference.h"

namespace fleetcast::inference {

template <typename Act>
absl::StatusOr<std::string> FakeLedger::AnswerOnce(const MutatingRequest& request, Act act) {
  const auto known = requests.find(request.request_id);
  if (known == requests.end()) {
    FLEETCAST_ASSIGN_OR_RETURN(const std::string answer, act());
    requests[request.request_id] = {request.method, request.fingerprint, answer};
    return answer;
  }
  if (known->second.method != request.method || known->second.fingerprint != request.fingerprint) {
    return InvalidField("request_id", "was used for another request", "REQUEST_ID_REUSED");
  }
  return known->second.answer;
}

// A page of `sorted`, whose keys (of the same length as the page's) increase by `less`.
template <typename T, typename KeyOf, typename Less>
PageOf<T> FakePage(const std::vector<T>& sorted, const PageRequest& page, KeyOf key_of, Less less) {
  PageOf<T> answer;
  for (const T& item : sorted) {
    if (!page.after.empty() && !less(page.after, key_of(item))) continue;
    if (answer.items.size() == static_cast<std::size_t>(page.size)) {
      answer.next_after = key_of(answer.items.back());
      break;
    }
    answer.items.push_back(item);
  }
  return answer;
}

inline bool KeyLess(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return left < right;
}
inline bool KeyGreater(const std::vector<std::string>& left,
                       const std::vector<std::string>& right) {
  return left > right;
}

}  // namespace fleetcast::inference
