// A claimed job as the process that works on it sees it: whether it must stop, and why.
#pragma once

#include <atomic>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/ledger/held_lease.h"
#include "services/trainer/domain/job_store.h"

namespace fleetcast::trainer {

enum class StopReason { kLeaseLost, kCancelled, kDraining };

// Thread safe: a heartbeat renews it while the work goes on. All references must outlive it.
class HeldJob {
 public:
  // `asked_at`: Clock::Monotonic() just before the claim was sent.
  HeldJob(JobStore& store, const Clock& clock, JobHold hold, absl::Duration asked_at,
          absl::Duration lease, const std::atomic<bool>& draining);

  // Extends the lease if a third of it is gone or progress is due. To be called often; asks the
  // store only then. An unreachable store is tolerated until the lease may have run out.
  void RenewIfDue();
  // What a heartbeat records, at most every `kProgressEvery`.
  void Report(const JobProgress& progress);
  // Asks the store now whether this is still the holder: before every effect outside the ledger.
  // CANCELLED with reason LEASE_LOST, JOB_CANCELLED or REPLICA_DRAINING if the work must stop,
  // UNAVAILABLE if the store cannot say.
  [[nodiscard]] absl::Status CheckHeld();

  // Why the work must stop, by what is known here; asks nobody.
  [[nodiscard]] std::optional<StopReason> MustStop() const;
  // CANCELLED, as above, if MustStop.
  [[nodiscard]] absl::Status StopStatus() const;

  [[nodiscard]] const JobHold& hold() const { return hold_; }

  static constexpr absl::Duration kProgressEvery = absl::Milliseconds(300);
  // Between tries to reach a store that is away.
  static constexpr absl::Duration kRetryEvery = absl::Milliseconds(500);

 private:
  [[nodiscard]] absl::Status Renew();

  JobStore& store_;
  const Clock& clock_;
  const JobHold hold_;
  const absl::Duration lease_length_;
  const std::atomic<bool>& draining_;
  ledger::HeldLease lease_;
  std::atomic<bool> cancelled_ = false;

  mutable absl::Mutex mutex_;
  std::optional<JobProgress> unwritten_ ABSL_GUARDED_BY(mutex_);
  absl::Duration written_at_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
  absl::Duration not_before_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();  // after a failure
};

}  // namespace fleetcast::trainer
