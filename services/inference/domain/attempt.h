// One attempt at an invocation as the process that makes it sees it: whether it must stop, and why.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/notification.h"
#include "common/ledger/held_lease.h"
#include "services/inference/domain/invocation_store.h"

namespace fleetcast::inference {

// Thread safe: a heartbeat renews the lease while the work goes on. References must outlive it.
class Attempt {
 public:
  // `asked_at`: Clock::Monotonic() just before the claim was sent.
  Attempt(const Clock& clock, const Notification& draining, const Invocation& claimed,
          absl::Duration asked_at, absl::Duration lease);

  // To be asked between the steps of the work. CANCELLED with reason LEASE_LOST or WORKER_DRAINING,
  // DEADLINE_EXCEEDED with INVOCATION_TIMEOUT.
  [[nodiscard]] absl::Status Check() const;
  // How long a call that belongs to the attempt may take; above zero after a Check that was OK.
  [[nodiscard]] absl::Duration Remaining() const;
  // Whether the lease may have expired: then nothing may be written any more.
  [[nodiscard]] bool LeaseLost() const;

  // Extends the lease if that is due. An unreachable store is tolerated until the lease may have
  // run out.
  void RenewIfDue(InvocationStore& store);

  [[nodiscard]] const InvocationHold& hold() const { return hold_; }

 private:
  const Clock& clock_;
  const Notification& draining_;
  const InvocationHold hold_;
  const absl::Duration timeout_;
  const absl::Duration deadline_;  // monotonic
  const absl::Duration lease_length_;
  ledger::HeldLease lease_;
};

}  // namespace fleetcast::inference
