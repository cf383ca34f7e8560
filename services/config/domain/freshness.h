// How up to date an answer is, where the repository follows a remote.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace fleetcast::config {

struct Freshness {
  std::optional<absl::Time> fetch_time;  // when the last successful fetch began
  // The request called for a fetch and it failed, so that the answer is from what there was.
  bool stale = false;
  // Why; empty unless stale.
  std::string reason;  // REMOTE_UNREACHABLE, REMOTE_TIMEOUT, REMOTE_REFUSED
  std::string message;
  // Until the next fetch may be tried: after one that failed, or where a revision is not known, the
  // last fetch is from before the call, and the call has no time to wait for the next. Else 0.
  absl::Duration retry_after;
};

// How old the last fetch may be; nullopt leaves it to the repository's settings.
using MaxStaleness = std::optional<absl::Duration>;

}  // namespace fleetcast::config
