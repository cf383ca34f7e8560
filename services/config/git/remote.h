// A remote repository that is followed: where it is, how it lets us in, and the fetch itself.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fleetcast::config {

struct RemoteOptions {
  std::string url;                 // file://, https://, ssh:// or user@host:path; no password in it
  std::string username;            // beside the token, or for ssh where the URL names none
  std::string token_file;          // https: holds the token; read anew for each fetch
  std::string ca_file;             // https: PEM, whom to trust; empty: this machine's authorities
  std::string ssh_key_file;        // ssh: a private key without passphrase
  std::string known_hosts_file;    // ssh: the keys of hosts; empty: ~/.ssh/known_hosts
  bool allow_other_owner = false;  // file: of a repository that belongs to another user
};

// FAILED_PRECONDITION (REMOTE_SETTINGS) if a fetch could never work so: what is wrong with which
// setting, and what would be right. Connects to nothing.
[[nodiscard]] absl::Status CheckRemote(const RemoteOptions& remote);

// Brings the bare repository at `folder` to what the remote has: branches (as `x` and
// `origin/x`), tags, pull and merge requests, HEAD; what is gone there goes here. For the one
// process that writes there. UNAVAILABLE with REMOTE_UNREACHABLE or REMOTE_REFUSED, without the
// token in it. Takes as long as the remote lets it.
[[nodiscard]] absl::Status Fetch(const std::string& folder, const RemoteOptions& remote);

}  // namespace fleetcast::config
