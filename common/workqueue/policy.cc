#include "common/workqueue/policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace fleetcast::workqueue {
namespace {

absl::Duration Doubling(absl::Duration first, int times, absl::Duration longest) {
  return std::min(first * (1 << std::clamp(times, 0, 20)), longest);
}

std::string Because(const std::string& what, const std::string& why) {
  return why.empty() ? what : absl::StrCat(what, ": ", why);
}

Failure DeathOf(const Task& task, Ending ending) {
  Failure failure{
      .kind = FailureKind::kEnvironment, .reason = "", .message = "", .retryable = true};
  switch (ending) {
    case Ending::kDeadline:
      failure.kind = FailureKind::kTimeout;
      failure.reason = "ATTEMPT_TIMEOUT";
      failure.message = absl::StrCat("replica ", task.holder, " took longer than an attempt may");
      break;
    case Ending::kStalled:
      failure.kind = FailureKind::kTimeout;
      failure.reason = "ATTEMPT_STALLED";
      failure.message = absl::StrCat("replica ", task.holder,
                                     " made no progress for longer than it may; see what it waits "
                                     "for in its log");
      break;
    default:
      failure.reason = "LEASE_EXPIRED";
      failure.message = absl::StrCat("replica ", task.holder,
                                     " went silent; see its log, whether it was killed, and "
                                     "whether Postgres was away");
  }
  return failure;
}

NextState AfterFailure(const Task& task, Failure failure) {
  failure.attempt = task.attempt_count;
  NextState next{.attempt_count = task.attempt_count, .failure = failure};
  const std::string what = absl::StrCat(failure.reason, ": ", failure.message);
  if (!failure.retryable || task.attempt_count >= task.max_attempts) {
    next.state = TaskState::kFailed;
    next.reason = what;
    return next;
  }
  next.wait = RetryWait(task.attempt_count);
  next.reason = absl::StrCat("attempt ", task.attempt_count, " of ", task.max_attempts,
                             " failed, waits to be tried again: ", what);
  return next;
}

}  // namespace

NextState After(const Task& task, Ending ending, const std::optional<Failure>& failure,
                const std::string& why) {
  NextState next{.attempt_count = task.attempt_count, .failure = std::nullopt};
  switch (ending) {
    case Ending::kSucceeded:
      next.state = TaskState::kSucceeded;
      next.reason = why;
      return next;
    case Ending::kFailed:
      return AfterFailure(task, failure.value());
    case Ending::kLeaseExpired:
    case Ending::kDeadline:
    case Ending::kStalled:
      return AfterFailure(task, DeathOf(task, ending));
    case Ending::kSnoozed:
      next.attempt_count = std::max(0, task.attempt_count - 1);
      next.snooze_count = task.snooze_count + 1;
      next.wait = SnoozeWait(next.snooze_count);
      next.reason = absl::StrCat("waits for what it depends on, put off ", next.snooze_count,
                                 next.snooze_count == 1 ? " time: " : " times: ", failure->reason,
                                 ": ", failure->message);
      return next;
    case Ending::kWaiting:
      next.attempt_count = std::max(0, task.attempt_count - 1);
      next.reason = absl::StrCat("waits for ", why);
      return next;
    case Ending::kHandedBack:
      next.attempt_count = std::max(0, task.attempt_count - 1);
      next.snooze_count = task.snooze_count;
      next.reason = absl::StrCat("handed back by replica ", task.holder, ", ",
                                 why.empty() ? "which shuts down" : why);
      return next;
    case Ending::kCancelled:
      next.state = TaskState::kCancelled;
      next.reason = Because("cancelled", why);
      return next;
    case Ending::kSuperseded:
      next.state = TaskState::kCancelled;
      next.reason = Because("superseded", why);
      return next;
  }
  return next;
}

absl::Duration RetryWait(int attempt_count) {
  return Doubling(absl::Seconds(2), attempt_count - 1, absl::Minutes(2));
}

absl::Duration SnoozeWait(int snooze_count) {
  return Doubling(absl::Seconds(2), snooze_count - 1, absl::Minutes(1));
}

absl::Duration WithJitter(absl::Duration wait, double random) {
  return wait * (1 + kJitter * random);
}

GroupState GroupStateOf(const Counts& counts, bool started, bool tell_partial) {
  if (counts.open() > 0) return started ? GroupState::kRunning : GroupState::kQueued;
  const int unsuccessful = counts.failed + counts.cancelled;
  if (unsuccessful == 0) return GroupState::kSucceeded;
  if (tell_partial && counts.succeeded > 0 && counts.failed > 0)
    return GroupState::kPartiallySucceeded;
  return counts.failed > 0 ? GroupState::kFailed : GroupState::kCancelled;
}

}  // namespace fleetcast::workqueue
