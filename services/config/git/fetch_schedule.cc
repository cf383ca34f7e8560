#include "services/config/git/fetch_schedule.h"

#include <algorithm>
#include <utility>

#include "common/base/deadline.h"
#include "common/base/status.h"

namespace fleetcast::config {
namespace {

// How often a waiting call looks whether it was cancelled.
constexpr absl::Duration kLookInterval = absl::Milliseconds(100);
// Who waits until a fetch is due must have time left for it.
constexpr absl::Duration kTimeForAFetch = absl::Seconds(1);

}  // namespace

FetchSchedule::FetchSchedule(std::function<absl::Status()> fetch,
                             std::optional<absl::Time> last_success, const Clock& clock)
    : fetch_(std::move(fetch)),
      clock_(clock),
      last_success_(last_success),
      fetcher_([this] { FetchWhenAsked(); }) {}

FetchSchedule::~FetchSchedule() {
  stop_.request_stop();
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  fetcher_.join();
}

Freshness FetchSchedule::Refresh(absl::Duration max_staleness) {
  return Grant({.max_staleness = max_staleness, .interval = absl::ZeroDuration()});
}

Freshness FetchSchedule::RefreshUntil(const std::function<bool()>& found, absl::Duration interval) {
  return Grant({.max_staleness = absl::ZeroDuration(), .interval = interval, .found = &found});
}

absl::Duration FetchSchedule::PauseUntilDue(absl::Duration interval) const {
  const absl::Time now = clock_.Now();
  // A time in the future is from a clock that was put back since, and tells nothing.
  if (!last_success_ || *last_success_ > now) return absl::ZeroDuration();
  return std::max(interval - (now - *last_success_), absl::ZeroDuration());
}

Freshness FetchSchedule::Grant(const Wish& wish) {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  const std::int64_t next = begun_ + 1;
  std::int64_t searched = -1;  // the last fetch after which `found` was asked
  for (;;) {
    const bool recent = last_success_ && wish.max_staleness > absl::ZeroDuration() &&
                        *last_success_ >= now - wish.max_staleness &&
                        *last_success_ <= clock_.Now();
    if (recent || succeeded_ >= next) return {.fetch_time = last_success_};
    if (wish.found != nullptr && std::exchange(searched, succeeded_) != succeeded_) {
      mutex_.Unlock();
      const bool found = (*wish.found)();
      mutex_.Lock();
      if (found) return {.fetch_time = last_success_};
      continue;
    }
    const absl::Duration since_failure = clock_.Monotonic() - failed_at_;
    if (!failure_.ok() && since_failure < kPauseAfterFailure)
      return {.fetch_time = last_success_,
              .stale = true,
              .reason = ReasonOf(failure_),
              .message = std::string(failure_.message()),
              .retry_after = kPauseAfterFailure - since_failure};
    const absl::Duration left = RemainingTime().value_or(absl::InfiniteDuration());
    if (left <= absl::ZeroDuration())
      return {.fetch_time = last_success_,
              .stale = true,
              .reason = "REMOTE_TIMEOUT",
              .message =
                  "fetching from the remote takes longer than this call's deadline allows; "
                  "it goes on: ask again, or with a later deadline",
              .retry_after = absl::Seconds(1)};
    if (const absl::Duration pause = PauseUntilDue(wish.interval);
        !fetching_ && pause > absl::ZeroDuration()) {
      if (left < pause + kTimeForAFetch || waiting_ >= kMostWaiting)
        return {.fetch_time = last_success_, .retry_after = pause};
      ++waiting_;
      mutex_.AwaitWithTimeout(absl::Condition(&fetching_), std::min(pause, kLookInterval));
      --waiting_;
      continue;
    }
    if (!fetching_) {
      fetching_ = true;
      ++begun_;
    }
    mutex_.AwaitWithTimeout(absl::Condition(
                                +[](bool* fetching) { return !*fetching; }, &fetching_),
                            std::min(left, kLookInterval));
  }
}

void FetchSchedule::FetchWhenAsked() {
  const ScopedCancellation stop(stop_.get_token());
  absl::MutexLock lock(&mutex_);
  for (;;) {
    const auto asked_or_ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return fetching_ || ended_;
    };
    mutex_.Await(absl::Condition(&asked_or_ended));
    if (ended_) return;
    const std::int64_t number = begun_;
    const absl::Time began = clock_.Now();
    mutex_.Unlock();
    absl::Status status = fetch_();
    mutex_.Lock();
    if (status.ok()) {
      last_success_ = began;
      succeeded_ = number;
    }
    failed_at_ = clock_.Monotonic();
    failure_ = std::move(status);
    fetching_ = false;
  }
}

Freshness FetchSchedule::Known() const {
  absl::MutexLock lock(&mutex_);
  return {.fetch_time = last_success_};
}

}  // namespace fleetcast::config
