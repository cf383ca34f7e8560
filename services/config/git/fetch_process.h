// A fetch in a process of its own. libgit2 1.5 cannot be told how long to wait for a remote: a
// process can, and takes a hanging connection and the memory of a large pack with it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/config/git/remote.h"

namespace fleetcast::config {

struct FetchProcessOptions {
  std::string program;  // one that calls RunAsFetch first, as fleetcast-config does
  std::string folder;   // the bare repository that is brought up to date
  std::string log_file;
  RemoteOptions remote;
  absl::Duration timeout = absl::Seconds(30);
};

// Fetches; blocks until that is done, has failed, or was killed for taking too long. UNAVAILABLE
// with REMOTE_UNREACHABLE, REMOTE_REFUSED or REMOTE_TIMEOUT. For one thread at a time.
[[nodiscard]] absl::Status RunFetchProcess(const FetchProcessOptions& options);

// If RunFetchProcess started this process: fetches, and returns the exit status.
[[nodiscard]] std::optional<int> RunAsFetch(int argc, const char* const* argv);

}  // namespace fleetcast::config
