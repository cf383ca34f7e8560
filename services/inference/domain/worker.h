// Claims invocations and carries them out, several at once in one process.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "services/inference/domain/forecaster.h"
#include "services/inference/domain/invocation_store.h"

namespace fleetcast::inference {

struct WorkerOptions {
  std::string name;  // of the replica
  absl::Duration lease = absl::Seconds(30);
  absl::Duration idle_wait = absl::Milliseconds(250);  // when there is nothing to claim
};

// Thread safe. References must outlive it.
class InvocationWorker {
 public:
  InvocationWorker(InvocationStore& store, Forecaster& forecaster, Clock& clock,
                   WorkerOptions options);

  // Claims one invocation and carries it to its end. False if there was none.
  [[nodiscard]] absl::StatusOr<bool> WorkOnce();
  // Extends the leases of what is held, where that is due. To be called more often than a third
  // of the lease.
  void RenewLeases();
  // From now on nothing more is claimed, and what is held is handed back at its next step, without
  // spending an attempt.
  void Drain();

  [[nodiscard]] const Notification& draining() const { return draining_; }
  [[nodiscard]] const WorkerOptions& options() const { return options_; }

 private:
  [[nodiscard]] absl::StatusOr<Forecast> MakeForecast(const Invocation& invocation,
                                                      const Attempt& attempt);
  // Tries to write how the attempt ended until the store has taken it or the lease is lost.
  void Conclude(const Attempt& attempt, const absl::StatusOr<Forecast>& forecast);
  [[nodiscard]] absl::Status Write(const Attempt& attempt,
                                   const absl::StatusOr<Forecast>& forecast);

  InvocationStore& store_;
  Forecaster& forecaster_;
  Clock& clock_;
  const WorkerOptions options_;
  Notification draining_;
  absl::Mutex mutex_;
  bool drain_asked_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::shared_ptr<Attempt>> held_ ABSL_GUARDED_BY(mutex_);
};

// Threads that call an InvocationWorker until it drains: `slots` that work and one that renews.
class WorkerThreads {
 public:
  WorkerThreads(InvocationWorker& worker, Clock& clock, int slots);
  // Drains the worker and waits for its threads.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

 private:
  void Work();
  void Renew();

  InvocationWorker& worker_;
  Clock& clock_;
  Notification working_ended_;
  std::vector<std::thread> slots_;
  std::thread renewer_;
};

}  // namespace fleetcast::inference
