// A real Postgres for a test binary: one private cluster for the whole process, one fresh, migrated
// database per test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/local/private_cluster.h"
#include "common/db/connection_pool.h"

namespace fleetcast::testing {

// The process's cluster, started when first asked for and stopped when the process exits.
// Dies with a clear message if it cannot be started: these tests are never skipped.
cli::PrivateCluster& SharedCluster();

// A new empty database in the shared cluster; returns its connection string. Thread safe.
std::string NewDatabase();

// Every process of a cluster stopped with SIGSTOP, as on a host that hangs: its sockets stay open
// and nothing is answered. They go on when this dies.
class FrozenCluster {
 public:
  explicit FrozenCluster(const cli::PrivateCluster& cluster);
  ~FrozenCluster();
  FrozenCluster(const FrozenCluster&) = delete;
  FrozenCluster& operator=(const FrozenCluster&) = delete;

 private:
  std::vector<int> pids_;
};

}  // namespace fleetcast::testing
