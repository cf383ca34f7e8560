#include "services/trainer/domain/held_job.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "services/trainer/domain/names.h"

namespace fleetcast::trainer {

HeldJob::HeldJob(JobStore& store, const Clock& clock, JobHold hold, absl::Duration asked_at,
                 absl::Duration lease, const std::atomic<bool>& draining)
    : store_(store),
      clock_(clock),
      hold_(std::move(hold)),
      lease_length_(lease),
      draining_(draining),
      lease_(asked_at, lease) {}

void HeldJob::Report(const JobProgress& progress) {
  absl::MutexLock lock(&mutex_);
  unwritten_ = progress;
}

void HeldJob::RenewIfDue() {
  const absl::Duration now = clock_.Monotonic();
  bool progress_due = false;
  {
    absl::MutexLock lock(&mutex_);
    if (now < not_before_) return;
    progress_due = unwritten_.has_value() && now - written_at_ >= kProgressEvery;
  }
  if (lease_.MustStop(now) || (!progress_due && !lease_.RenewalDue(now))) return;
  const absl::Status status = Renew();
  if (!status.ok() && !IsNotTheHolder(status))
    LogWarning("the lease could not be renewed; tried again until it may have run out",
               {{"error", std::string(status.message())}});
}

absl::Status HeldJob::Renew() {
  std::optional<JobProgress> progress;
  const absl::Duration asked_at = clock_.Monotonic();
  {
    absl::MutexLock lock(&mutex_);
    progress = std::exchange(unwritten_, std::nullopt);
    written_at_ = asked_at;
  }
  const absl::StatusOr<bool> cancel_requested = store_.Heartbeat(hold_, lease_length_, progress);
  if (cancel_requested.ok()) {
    lease_.Renewed(asked_at);
    if (*cancel_requested) cancelled_ = true;
    return absl::OkStatus();
  }
  if (IsNotTheHolder(cancel_requested.status())) {
    lease_.Lose();
    return cancel_requested.status();
  }
  absl::MutexLock lock(&mutex_);
  not_before_ = clock_.Monotonic() + kRetryEvery;
  if (progress && !unwritten_) unwritten_ = std::move(progress);
  return cancel_requested.status();
}

absl::Status HeldJob::CheckHeld() {
  FLEETCAST_RETURN_IF_ERROR(StopStatus());
  absl::Status renewed = Renew();
  FLEETCAST_RETURN_IF_ERROR(StopStatus());
  return renewed;
}

std::optional<StopReason> HeldJob::MustStop() const {
  if (lease_.MustStop(clock_.Monotonic())) return StopReason::kLeaseLost;
  if (cancelled_) return StopReason::kCancelled;
  if (draining_) return StopReason::kDraining;
  return std::nullopt;
}

absl::Status HeldJob::StopStatus() const {
  const std::optional<StopReason> stop = MustStop();
  if (!stop) return absl::OkStatus();
  const std::string job = JobResource(hold_.name);
  switch (*stop) {
    case StopReason::kLeaseLost:
      return Refused(absl::StatusCode::kCancelled, "LEASE_LOST",
                     absl::StrCat("stopped work on ", job, ": its lease was lost"));
    case StopReason::kCancelled:
      return Refused(absl::StatusCode::kCancelled, "JOB_CANCELLED",
                     absl::StrCat("stopped work on ", job, ": it was cancelled"));
    case StopReason::kDraining:
      break;
  }
  return Refused(absl::StatusCode::kCancelled, "REPLICA_DRAINING",
                 absl::StrCat("stopped work on ", job, ": this replica shuts down"));
}

}  // namespace fleetcast::trainer
