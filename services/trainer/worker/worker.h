// A replica's loop: claims jobs while it has free slots, works on them, keeps their leases alive,
// and writes down how they ended.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "services/trainer/domain/held_job.h"
#include "services/trainer/domain/job_store.h"
#include "services/trainer/domain/model_registry.h"

namespace fleetcast::trainer {

struct WorkerOptions {
  std::string replica;
  std::string environment;  // "custom-lstm-env:1.5.0"
  absl::Duration lease = absl::Seconds(30);
  int max_parallel = 5;  // over all replicas
  int slots = 1;         // jobs at once in this process
  absl::Duration poll_interval = absl::Milliseconds(500);
  absl::Duration presence_interval = absl::Seconds(10);
};

// The work on one claimed job, on the calling thread; returns when done or soon after
// held.MustStop().
using JobRunner =
    std::function<absl::StatusOr<JobResult>(const ClaimedJob& claimed, HeldJob& held)>;

class Worker {
 public:
  // All references must outlive it.
  Worker(WorkerOptions options, JobStore& store, ModelRegistry& registry, Clock& clock,
         JobRunner runner);
  // Stops.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Start();
  // Claims nothing more, hands running jobs back without spending an attempt, returns when all
  // threads have ended. May be called more than once.
  void Stop();

 private:
  void RunSlot();
  void AnnouncePresence();
  void RegisterEnvironment();
  // False if there was nothing to do.
  [[nodiscard]] bool ClaimAndRun();
  void RunJob(const ClaimedJob& claimed, absl::Duration asked_at);
  // Writes how the work ended; tries until it is written or the lease may have run out.
  void Conclude(const HeldJob& held, const absl::StatusOr<JobResult>& result);
  void FinishRunOf(const DeadAttempt& dead);

  const WorkerOptions options_;
  JobStore& store_;
  ModelRegistry& registry_;
  Clock& clock_;
  const JobRunner runner_;
  std::atomic<bool> draining_ = false;
  Notification stop_;
  std::vector<std::thread> threads_;
};

}  // namespace fleetcast::trainer
