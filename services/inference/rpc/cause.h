// Who asks for a change and why: checked where it is kept for those who read the history.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

inline constexpr std::size_t kMaxActorBytes = 200, kMaxReasonBytes = 2000;

// INVALID_ARGUMENT on `field`.
[[nodiscard]] inline absl::Status CheckLength(const std::string& field, const std::string& value,
                                              std::size_t most) {
  if (value.size() <= most) return absl::OkStatus();
  return InvalidField(field,
                      absl::StrCat("has ", value.size(), " bytes; at most ", most, " are kept"));
}

[[nodiscard]] inline absl::Status CheckRequired(const std::string& field, const std::string& value,
                                                std::size_t most, const std::string& what) {
  if (value.empty()) return InvalidField(field, absl::StrCat("is required: ", what));
  return CheckLength(field, value, most);
}

// Of a request with an `actor` and a `reason`.
template <typename Request>
[[nodiscard]] absl::Status CheckCause(const Request& request) {
  FLEETCAST_RETURN_IF_ERROR(
      CheckRequired("actor", request.actor(), kMaxActorBytes, "say who asks, as in anna"));
  return CheckRequired("reason", request.reason(), kMaxReasonBytes,
                       "say why, for those who read the history");
}

}  // namespace fleetcast::inference
