#include "common/ledger/held_lease.h"

#include <algorithm>

namespace fleetcast::ledger {

HeldLease::HeldLease(absl::Duration asked_at, absl::Duration length)
    : length_(length), confirmed_at_(asked_at) {}

void HeldLease::Renewed(absl::Duration asked_at) {
  absl::MutexLock lock(&mutex_);
  confirmed_at_ = std::max(confirmed_at_, asked_at);
}

void HeldLease::Lose() {
  absl::MutexLock lock(&mutex_);
  lost_ = true;
}

bool HeldLease::MustStop(absl::Duration monotonic_now) const {
  absl::MutexLock lock(&mutex_);
  return lost_ || monotonic_now >= confirmed_at_ + length_ * 0.9;
}

bool HeldLease::RenewalDue(absl::Duration monotonic_now) const {
  absl::MutexLock lock(&mutex_);
  return !lost_ && monotonic_now >= confirmed_at_ + length_ / 3;
}

}  // namespace fleetcast::ledger
