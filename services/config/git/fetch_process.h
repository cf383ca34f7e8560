// What changes a mirror, in a process of its own. libgit2 1.5 cannot be told how long to wait for a
// remote: a process can, and takes a hanging connection and the memory of a large pack with it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/config/git/remote.h"

namespace fleetcast::config {

struct FetchProcessOptions {
  std::string program;  // one that calls RunMirrorCommand first, as fleetcast-config does
  std::string folder;   // the bare repository that is brought up to date
  std::string log_file;
  RemoteOptions remote;
  absl::Duration timeout = absl::Seconds(30);
};

// Fetches; blocks until that is done, has failed, or was killed: for taking too long, or because
// CurrentStop() was requested. UNAVAILABLE
// with REMOTE_UNREACHABLE, REMOTE_REFUSED or REMOTE_TIMEOUT. For one thread at a time.
[[nodiscard]] absl::Status RunFetchProcess(const FetchProcessOptions& options);

// Merges the packs of `options.folder` (packs.h), in ten minutes at most; blocks as long. INTERNAL
// if that fails, which leaves all objects there.
[[nodiscard]] absl::Status RunMergeProcess(const FetchProcessOptions& options);

// If one of the two started this process: does what it is for, and returns the exit status.
[[nodiscard]] std::optional<int> RunMirrorCommand(int argc, const char* const* argv);

}  // namespace fleetcast::config
