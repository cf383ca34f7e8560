// How a stream ends when the server stops.
#pragma once

#include <string>

#include "common/base/status.h"

namespace fleetcast::inference {

// UNAVAILABLE with a retry delay; `remedy` says what to call again.
[[nodiscard]] inline absl::Status ServerDraining(const std::string& remedy) {
  ErrorDetails details;
  details.reason = "SERVER_DRAINING";
  details.retry_after = absl::Seconds(1);
  return MakeError(absl::StatusCode::kUnavailable, "this server shuts down; " + remedy,
                   std::move(details));
}

}  // namespace fleetcast::inference
