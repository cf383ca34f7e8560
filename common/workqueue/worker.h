// A process that works: fetches tasks while it has free slots, keeps their leases alive, hands them
// to its user's code, and writes down how they ended.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/workqueue/outcome.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {

struct WorkerOptions {
  std::string holder;  // this replica
  std::string pool;    // whose tasks it fetches
  std::string dsn;     // to listen for new work; "" polls only
  int slots = 1;       // batches at once
  int batch = 1;       // tasks of one batch at most
  absl::Duration lease = absl::Seconds(30);
  absl::Duration poll = absl::Seconds(4);  // while there is nothing to do
  absl::Duration progress_every = absl::Milliseconds(300);
  absl::Duration presence_every = absl::Seconds(20);
  // How long work whose task is gone may go on before its slot is given to others.
  absl::Duration stuck_after = absl::Seconds(30);
  // How long the end of work may wait before its slot is given to others, and no more of its group
  // is fetched until it is written.
  absl::Duration slow_end_after = absl::Seconds(1);
};

// Of the pool that leases are fetched and renewed through: a renewal that hangs must have failed
// long before its lease runs out.
[[nodiscard]] db::PoolOptions LeasePoolOptions(const std::string& dsn,
                                               const std::string& application_name,
                                               absl::Duration lease);

class Worker {
 public:
  // All references must outlive it.
  Worker(WorkerOptions options, Queue& queue, Clock& clock, Runner runner);
  // Drains and joins every thread, however long its work takes.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  // Fetches nothing more and tells what is held to stop; does not wait.
  void BeginDrain();
  // BeginDrain, then waits until what is held has been handed back or `patience` is over; false if
  // some work has not stopped by then.
  bool Drain(absl::Duration patience);
  // How many slots wait for work that should have stopped long ago.
  [[nodiscard]] int stuck() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::workqueue
