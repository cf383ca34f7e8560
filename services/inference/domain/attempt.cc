#include "services/inference/domain/attempt.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::inference {

Attempt::Attempt(const Clock& clock, const Notification& draining, const Invocation& claimed,
                 absl::Duration asked_at, absl::Duration lease)
    : clock_(clock),
      draining_(draining),
      hold_(HoldOf(claimed)),
      timeout_(claimed.pin.timeout),
      deadline_(asked_at + claimed.pin.timeout),
      lease_length_(lease),
      lease_(asked_at, lease) {}

absl::Status Attempt::Check() const {
  const std::string name = InvocationResource(hold_.name);
  if (LeaseLost()) {
    return Refused(absl::StatusCode::kCancelled, "LEASE_LOST",
                   absl::StrCat("the lease on ", name, " is lost or about to expire; stop"),
                   {{"invocation", name}});
  }
  if (draining_.HasBeenNotified()) {
    return Refused(absl::StatusCode::kCancelled, "WORKER_DRAINING",
                   absl::StrCat("this process shuts down; ", name, " is handed back"),
                   {{"invocation", name}});
  }
  if (clock_.Monotonic() >= deadline_) {
    const InvocationFailure failure = TimeoutFailure(timeout_);
    return Refused(absl::StatusCode::kDeadlineExceeded, failure.reason, failure.message,
                   {{"invocation", name}, {"timeout", absl::FormatDuration(timeout_)}});
  }
  return absl::OkStatus();
}

absl::Duration Attempt::Remaining() const {
  return std::max(absl::ZeroDuration(), deadline_ - clock_.Monotonic());
}

bool Attempt::LeaseLost() const { return lease_.MustStop(clock_.Monotonic()); }

void Attempt::RenewIfDue(InvocationStore& store) {
  const absl::Duration asked_at = clock_.Monotonic();
  if (!lease_.RenewalDue(asked_at)) return;
  const absl::Status renewed = store.Renew(hold_, lease_length_);
  if (renewed.ok()) {
    lease_.Renewed(asked_at);
  } else if (IsNotTheHolder(renewed)) {
    lease_.Lose();
  }
}

}  // namespace fleetcast::inference
