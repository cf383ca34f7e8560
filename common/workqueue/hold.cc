#include "common/workqueue/hold.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status.h"

namespace fleetcast::workqueue {
namespace {

constexpr int kMostTries = 10;
constexpr absl::Duration kBetweenTries = absl::Milliseconds(30);

}  // namespace

Hold::Hold(const Clock& clock, FetchedTask task, absl::Duration asked_at, absl::Duration lease)
    : clock_(clock),
      task_(std::move(task)),
      lease_(lease),
      deadline_(asked_at + task_.attempt_timeout),
      confirmed_at_(asked_at) {}

std::optional<StopReason> Hold::MustStop() const {
  const absl::Duration now = clock_.Monotonic();
  absl::MutexLock lock(&mutex_);
  if (stopped_) return stopped_;
  if (now >= confirmed_at_ + lease_ * 0.9) return StopReason::kExpired;
  if (now >= deadline_) return StopReason::kTimedOut;
  return std::nullopt;
}

absl::Status Hold::StopStatus() const {
  const std::optional<StopReason> reason = MustStop();
  if (!reason) return absl::OkStatus();
  const std::map<std::string, std::string> where = {{"group", task_.group_id},
                                                    {"task", task_.name}};
  switch (*reason) {
    case StopReason::kGone:
      return Refused(absl::StatusCode::kCancelled, "TASK_GONE",
                     "the task was cancelled, or given to another replica", where);
    case StopReason::kExpired:
      return Refused(absl::StatusCode::kCancelled, "LEASE_LOST",
                     "the lease on the task could not be renewed in time", where);
    case StopReason::kTimedOut:
      return Refused(absl::StatusCode::kDeadlineExceeded, "ATTEMPT_TIMEOUT",
                     absl::StrCat("the attempt took longer than ",
                                  absl::FormatDuration(task_.attempt_timeout)),
                     where);
    case StopReason::kDraining:
      return Refused(absl::StatusCode::kCancelled, "REPLICA_DRAINING", "this replica shuts down",
                     where);
  }
  return absl::OkStatus();
}

absl::Duration Hold::Remaining() const {
  return std::max(absl::ZeroDuration(), deadline_ - clock_.Monotonic());
}

bool Hold::Lost() const {
  const absl::Duration now = clock_.Monotonic();
  absl::MutexLock lock(&mutex_);
  return stopped_ == StopReason::kGone || now >= confirmed_at_ + lease_ * 0.9;
}

void Hold::Report(std::string progress) {
  absl::MutexLock lock(&mutex_);
  reported_ = std::move(progress);
  unwritten_ = true;
}

bool Hold::RenewalDue() const {
  const absl::Duration now = clock_.Monotonic();
  absl::MutexLock lock(&mutex_);
  return stopped_ != StopReason::kGone && now >= confirmed_at_ + lease_ / 3;
}

void Hold::Renewed(absl::Duration asked_at) {
  absl::MutexLock lock(&mutex_);
  confirmed_at_ = std::max(confirmed_at_, asked_at);
}

void Hold::Stop(StopReason reason) {
  {
    absl::MutexLock lock(&mutex_);
    // A drain must not hide that the task is gone.
    if (!stopped_ || reason == StopReason::kGone) stopped_ = reason;
  }
  stop_.request_stop();
}

std::optional<std::string> Hold::TakeProgress() {
  absl::MutexLock lock(&mutex_);
  if (!std::exchange(unwritten_, false)) return std::nullopt;
  return reported_;
}

std::string Hold::LastProgress() const {
  absl::MutexLock lock(&mutex_);
  return reported_;
}

void Hold::NoticeStop() {
  if (MustStop()) stop_.request_stop();
}

std::function<absl::Status(Hold& hold)> ConfirmWith(Queue& queue, const Clock& clock,
                                                    absl::Duration lease) {
  return [&queue, &clock, lease](Hold& hold) -> absl::Status {
    const absl::Duration asked_at = clock.Monotonic();
    FLEETCAST_ASSIGN_OR_RETURN(auto renewals, queue.Renew({hold.id()}, lease));
    // The renewal of all holds may be at it: over in a moment.
    for (int i = 0; i < kMostTries && renewals[0] == Renewal::kBusy; ++i) {
      absl::SleepFor(kBetweenTries);
      FLEETCAST_ASSIGN_OR_RETURN(renewals, queue.Renew({hold.id()}, lease));
    }
    if (renewals[0] == Renewal::kGone) hold.Stop(StopReason::kGone);
    if (renewals[0] == Renewal::kRenewed) hold.Renewed(asked_at);
    if (renewals[0] == Renewal::kBusy && hold.StopStatus().ok())
      return absl::UnavailableError("the task's hold is being written this moment");
    return hold.StopStatus();
  };
}

}  // namespace fleetcast::workqueue
