// Looks after a replica's dependencies and tells its health: a thread for each, so that one that
// hangs does not keep the others from being seen.
#pragma once

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/notification.h"
#include "common/rpc/server.h"
#include "common/service/service.h"

namespace fleetcast::service {

// With the bounds of dependencies.h a change is told within ten seconds, and a database gets one
// small question in this time.
inline constexpr absl::Duration kHealthInterval = absl::Milliseconds(3500);

// A dependency's entry is NOT_SERVING until it has answered once; the whole server's health is left
// as it is until then. Each change is one line in the log.
class HealthWatch {
 public:
  // Begins at once. `server` must outlive it.
  HealthWatch(std::vector<Dependency> dependencies, rpc::Server& server,
              absl::Duration interval = kHealthInterval);
  // Waits for the checks that run.
  ~HealthWatch();
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;

  // The checks that run are the last.
  void Stop();

 private:
  void Watch(const Dependency& dependency);
  void Tell(const Dependency& dependency, bool serves);

  const std::vector<Dependency> dependencies_;
  rpc::Server& server_;
  const absl::Duration interval_;
  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> essential_away_ ABSL_GUARDED_BY(mutex_);
  Notification stop_;
  std::vector<std::thread> threads_;
};

}  // namespace fleetcast::service
