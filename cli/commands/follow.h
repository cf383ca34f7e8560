// Follows a run or sweep on the screen until it ends, the user interrupts, or its service stays
// away.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/progress/progress.h"
#include "cli/session.h"

namespace fleetcast::cli {

struct FollowText {
  std::string what;       // "training run 01h…"
  std::string come_back;  // "fleetcast training watch 01h…"
};

// What a watch's messages are told to.
using ProgressSink = std::function<void(const CircuitProgress&)>;

// `open` reads one stream to its end and tells each circuit's state to the sink it is given; it
// calls `on_message` for each message and `on_idle` about ten times a second (see
// Session::Stream). True when the stream ended well; false when interrupted, after having said
// how to come back and set the exit code.
[[nodiscard]] absl::StatusOr<bool> Follow(
    Session& session, const FollowText& text,
    const std::function<absl::Status(const ProgressSink& sink,
                                     const std::function<void()>& on_message,
                                     const std::function<void()>& on_idle)>& open);

// One line per failed circuit on standard error, and exit code 1 if there is one.
void ReportFailures(Session& session,
                    const std::vector<std::pair<std::string, std::string>>& failures);

}  // namespace fleetcast::cli
