// A private Postgres cluster on a unix socket, for the local stack and the tests: made by initdb,
// started and stopped by us, as an unprivileged user where we are root (the server refuses root).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace fleetcast::cli {

struct ClusterOptions {
  std::string data_dir;  // made by initdb if absent; reused if it holds a cluster
  // 0 listens on a unix socket only. The socket lies in a short private folder (a socket's path
  // may have 107 bytes at most).
  int port = 0;
  std::string log_file;  // the server's; by default `data_dir` with ".log" added
  bool durable = true;   // false turns fsync off, for tests
  // The kernel asks the server to shut down (fast) when the thread that called Start ends, however
  // it ends.
  bool dies_with_starter = false;
};

// Not thread safe.
class PrivateCluster {
 public:
  // Makes the cluster if need be, starts it, waits until it answers. A cluster that already runs
  // in `data_dir` is adopted; a stale postmaster.pid is no obstacle.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PrivateCluster>> Start(
      const ClusterOptions& options);
  // Does not stop the server: call Stop.
  ~PrivateCluster();

  // A connection string for database `database`, which is created if it does not exist.
  [[nodiscard]] absl::StatusOr<std::string> Dsn(const std::string& database);
  [[nodiscard]] int postmaster_pid() const;
  [[nodiscard]] bool Running() const;
  // Also starts a server that has died.
  [[nodiscard]] absl::Status Restart();
  // Fast shutdown; returns when the server is gone.
  [[nodiscard]] absl::Status Stop();
  // Stop for a cluster that a process which is gone has left running, sockets included. OK if none
  // runs in `data_dir`.
  [[nodiscard]] static absl::Status StopIfRunning(const std::string& data_dir);

 private:
  struct State;
  explicit PrivateCluster(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::cli
