// Work that goes on in a process of its own after the command that began it has returned.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace fleetcast::cli {

struct BackgroundOptions {
  std::string log_file;      // receives the process's output
  int kept_descriptor = -1;  // stays open in it, a lock for instance
};

// Tells whoever waits a line; false if nobody does any more.
using Report = std::function<bool(const std::string&)>;
// Tells that the start is over, well or not: the command returns then.
using Started = std::function<void(const absl::Status&)>;

// Forks a process in a session of its own, with the stop signals blocked, that runs `work` and
// exits. Passes its reports to `say` until it has called Started, whose status is returned;
// INTERNAL if it dies before. To be called while this process has one thread only.
[[nodiscard]] absl::Status RunInBackground(const BackgroundOptions& options,
                                           const std::function<void(const std::string&)>& say,
                                           const std::function<void(Report, Started)>& work);

// SIGTERM and SIGINT in this thread and those it starts.
void BlockStopSignals();

}  // namespace fleetcast::cli
