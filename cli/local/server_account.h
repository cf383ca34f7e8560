// Who runs the programs of Postgres, which refuse to run as root: an unprivileged user where we are
// root. Used by PrivateCluster alone.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"

namespace fleetcast::cli {

struct ServerAccount {
  uid_t uid = 0;
  gid_t gid = 0;
  bool switch_user = false;  // we are root and have to become this user
  // The account cannot get at the data folder through its parents, as in /root: it then gets the
  // one capability that lets it pass them.
  bool pass_closed_folders = false;
};

// The account that can run a server on `data_dir` (which need not exist): ourselves, or as root the
// owner of the folder, else `postgres`, else `nobody`. FAILED_PRECONDITION naming the folder that
// is in the way where nothing helps.
[[nodiscard]] absl::StatusOr<ServerAccount> AccountFor(const std::string& data_dir);

// The folder of initdb and postgres: the newest of /usr/lib/postgresql/*/bin.
[[nodiscard]] absl::StatusOr<std::string> PostgresPrograms();

// To be called in the child between fork and exec (Spawn's `before_exec`).
[[nodiscard]] bool BecomeAccount(const ServerAccount& account);

}  // namespace fleetcast::cli
