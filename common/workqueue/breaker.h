// Keeps a process from fetching work while something that its work depends on is away: each task
// would be fetched only to be put off again.
#pragma once

#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace fleetcast::workqueue {

// How much work may be fetched now.
struct Allowance {
  int most = 0;                                // tasks
  absl::Duration wait = absl::ZeroDuration();  // until it is worth asking again
  std::string away;                            // what is away; "" if nothing
};

// One for each process; a dependency is told apart by its name ("registry"). It opens when
// kOpensAfter tasks in a row were put off because of it, lets a single task through after a wait
// that doubles, and closes when a task succeeds. Times are monotonic. Thread safe.
class Breaker {
 public:
  static constexpr int kOpensAfter = 3;

  void PutOff(const std::string& dependency, absl::Duration now);
  // Work that needed everything has been done.
  void Succeeded();
  [[nodiscard]] Allowance Allows(int wanted, absl::Duration now) const;

 private:
  struct Dependency {
    int in_a_row = 0;
    absl::Duration opens_at = absl::ZeroDuration();  // a single task may try from then on
  };
  mutable absl::Mutex mutex_;
  std::map<std::string, Dependency> dependencies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fleetcast::workqueue
