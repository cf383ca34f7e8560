// Following a run or sweep to its end, across broken connections.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast::cli {

struct WatchPolicy {
  absl::Duration first_pause = absl::Milliseconds(300);
  absl::Duration longest_pause = absl::Seconds(3);
  // How long a service that was there may stay away before the watch gives up.
  absl::Duration patience = absl::Minutes(2);
};

struct WatchSteps {
  // Opens the stream and reads it to its end; calls back for each message.
  std::function<absl::Status(const std::function<void()>& on_message)> open;
  // False if interrupted meanwhile.
  std::function<bool(absl::Duration)> pause;
  // The connection broke, with what is to be told; it is being made again.
  std::function<void(const std::string& problem)> on_lost;
  std::function<void()> on_resumed;
};

// Opens the stream again when it breaks with UNAVAILABLE or outlives its deadline: every stream
// begins with the present state, so nothing is missed. OK when a stream ends well. A stream that
// never came about is an error at once.
[[nodiscard]] absl::Status WatchToEnd(const WatchPolicy& policy, const WatchSteps& steps);

}  // namespace fleetcast::cli
