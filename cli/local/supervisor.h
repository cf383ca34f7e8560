// Runs one local stack: starts its Postgres and its services, starts again what dies, and takes
// everything down in order when told to.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/local/private_cluster.h"
#include "cli/local/stack.h"
#include "common/base/patience.h"

namespace fleetcast::cli {

// Used by one thread, which must outlive what was started: the kernel ends Postgres and the
// services when that thread ends. SIGTERM and SIGINT must be blocked (BlockStopSignals);
// either means: stop.
class Supervisor {
 public:
  // `say` gets a line for people at every step of Start; false means that nobody listens any more,
  // and what was started is to be stopped.
  Supervisor(StackOptions options, std::function<bool(const std::string&)> say);

  // Returns when every service serves. On an error, a stop signal included (CANCELLED), everything
  // has been taken down again.
  [[nodiscard]] absl::Status Start();
  // Looks after the stack until a stop signal comes, then takes it down.
  [[nodiscard]] absl::Status RunUntilStopped();

 private:
  struct Child {
    ServiceProcess plan;
    RunningService running;
    int recent_deaths = 0;
    std::optional<Patience> trial;  // over: it has lived long enough to count as healthy
    std::optional<Patience> rest;   // before it is started again
  };

  absl::Status StartAll();
  absl::Status StartPostgres();
  absl::Status StartStage(int stage);
  absl::Status AwaitHealth(Child& child);
  absl::Status Launch(Child& child);
  void Watch();
  void WatchPostgres();
  void NoteDeath(Child& child, int status);
  void StopStage(int stage);
  absl::Status StopAll();
  void Record(const std::string& state);
  absl::Status Say(const std::string& line);
  // Waits for a signal, at most `timeout`; true once a stop signal has come.
  bool StopRequested(absl::Duration timeout);

  const StackOptions options_;
  const std::function<bool(const std::string&)> say_;
  std::unique_ptr<PrivateCluster> postgres_;
  std::string database_;
  std::vector<Child> children_;
  bool stop_requested_ = false;
  std::string state_ = "starting";
  int postgres_restarts_ = 0;
};

// How long a service that has died `recent_deaths` times in a row rests before it is started again.
[[nodiscard]] absl::Duration RestartPause(int recent_deaths);

}  // namespace fleetcast::cli
