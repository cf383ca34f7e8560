// A fetched task as the process that works on it sees it: whether it must stop, and why. The
// database's clock decides who holds a task; this tells the holder, without asking, when it must
// have stopped.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/workqueue/queue.h"

namespace fleetcast::workqueue {

enum class StopReason {
  kGone,      // somebody cancelled it, or ended it as dead
  kExpired,   // the lease may have run out unrenewed
  kTimedOut,  // the attempt has taken longer than it may
  kDraining   // this process shuts down
};

// Thread safe: others renew it while the work goes on. The clock must outlive it.
class Hold {
 public:
  // `asked_at`: Clock::Monotonic() just before the fetch was sent, so that the database's expiry
  // can only be later than ours.
  Hold(const Clock& clock, FetchedTask task, absl::Duration asked_at, absl::Duration lease);

  [[nodiscard]] const FetchedTask& task() const { return task_; }
  [[nodiscard]] HoldId id() const { return task_.hold(); }

  // Why the work must stop, by what is known here; asks nobody. kExpired a tenth of the lease
  // before it can have run out: that is kept in hand for a write that is under way.
  [[nodiscard]] std::optional<StopReason> MustStop() const;
  // CANCELLED with reason TASK_GONE, LEASE_LOST or REPLICA_DRAINING, DEADLINE_EXCEEDED with
  // ATTEMPT_TIMEOUT; OK while the work may go on.
  [[nodiscard]] absl::Status StopStatus() const;
  // Requested as soon as it is noticed that the work must stop: calls under way are cancelled by
  // it.
  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }
  // How long a call that belongs to the attempt may take.
  [[nodiscard]] absl::Duration Remaining() const;
  // Whether the lease may have run out, or the task is gone: then no more effects, but for those in
  // the transactions of the queue, which know the epoch.
  [[nodiscard]] bool Lost() const;

  // What the work has got to, JSON; written soon, at most every kProgressEvery, and may be lost.
  void Report(std::string progress);

  // -- For whoever renews
  // ----------------------------------------------------------------------------

  // True a third of the lease after the last confirmed one: two more tries fit before kExpired.
  [[nodiscard]] bool RenewalDue() const;
  void Renewed(absl::Duration asked_at);  // as for the constructor, of a renewal that was confirmed
  void Stop(StopReason reason);           // kGone or kDraining; never undone
  // What Report was given and nobody has taken yet.
  [[nodiscard]] std::optional<std::string> TakeProgress();
  // What Report was given last, taken or not; "" if nothing.
  [[nodiscard]] std::string LastProgress() const;
  // Requests the stop token if MustStop.
  void NoticeStop();

 private:
  const Clock& clock_;
  const FetchedTask task_;
  const absl::Duration lease_;
  const absl::Duration deadline_;  // monotonic
  std::stop_source stop_;
  mutable absl::Mutex mutex_;
  absl::Duration confirmed_at_ ABSL_GUARDED_BY(mutex_);
  std::optional<StopReason> stopped_ ABSL_GUARDED_BY(mutex_);
  std::string reported_ ABSL_GUARDED_BY(mutex_);
  bool unwritten_ ABSL_GUARDED_BY(mutex_) = false;
};

// Asks the queue now whether the task is still held, and renews its lease: to be called before
// every effect that the queue's transactions do not hold. The stop's status if it is not,
// UNAVAILABLE if the queue cannot say. Both must outlive what is returned.
[[nodiscard]] std::function<absl::Status(Hold& hold)> ConfirmWith(Queue& queue, const Clock& clock,
                                                                  absl::Duration lease);

}  // namespace fleetcast::workqueue
