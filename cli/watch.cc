#include "cli/watch.h"

#include <algorithm>

namespace fleetcast::cli {

absl::Status WatchToEnd(const WatchPolicy& policy, const WatchSteps& steps) {
  bool ever_connected = false;
  bool lost = false;
  absl::Duration away;
  absl::Duration pause = policy.first_pause;
  while (true) {
    absl::Status status = steps.open([&] {
      if (lost) steps.on_resumed();
      ever_connected = true;
      lost = false;
      away = absl::ZeroDuration();
      pause = policy.first_pause;
    });
    const bool broken = status.code() == absl::StatusCode::kUnavailable ||
                        status.code() == absl::StatusCode::kDeadlineExceeded;
    if (!broken || !ever_connected || away >= policy.patience) return status;
    if (!lost) steps.on_lost(std::string(status.message()));
    lost = true;
    if (!steps.pause(pause)) return absl::CancelledError("interrupted");
    away += pause;
    pause = std::min(2 * pause, policy.longest_pause);
  }
}

}  // namespace fleetcast::cli
