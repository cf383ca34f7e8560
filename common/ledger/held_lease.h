// A lease as its holder sees it, on the monotonic clock. The database's clock decides who holds a
// job; this tells the holder, without asking, when it must have stopped.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace fleetcast::ledger {

// Thread safe: a heartbeat renews while a worker looks.
class HeldLease {
 public:
  // `asked_at`: Clock::Monotonic() just before the claim was sent, so that the database's expiry
  // can only be later than ours. `length`: the lease as the database grants it.
  HeldLease(absl::Duration asked_at, absl::Duration length);

  // `asked_at`: as above, of a renewal that the database has confirmed.
  void Renewed(absl::Duration asked_at);
  // The database, or the process, has taken the job away; never undone.
  void Lose();

  // True as soon as the lease may have expired, or was lost: stop, write nothing more. A tenth of
  // the lease is kept in hand for a write that is under way.
  [[nodiscard]] bool MustStop(absl::Duration monotonic_now) const;
  // True a third of the lease after the last confirmed one: two more tries fit before MustStop.
  [[nodiscard]] bool RenewalDue(absl::Duration monotonic_now) const;

 private:
  const absl::Duration length_;
  mutable absl::Mutex mutex_;
  absl::Duration confirmed_at_ ABSL_GUARDED_BY(mutex_);
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fleetcast::ledger
