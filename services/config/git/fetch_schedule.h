// When to fetch: as seldom as what callers ask allows, one at a time, shared by all who wait.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/config/domain/freshness.h"

namespace fleetcast::config {

// Thread safe.
class FetchSchedule {
 public:
  // After a fetch that failed none is tried for so long: callers are answered from what there is
  // at once instead of waiting for a remote that is down, one after the other.
  static constexpr absl::Duration kPauseAfterFailure = absl::Seconds(10);
  // So many callers at a time may wait until a fetch is due; each holds a thread.
  static constexpr int kMostWaiting = 100;

  // `fetch` is called without lock, on a thread of the schedule's own, one call at a time; it ends
  // early when CurrentStop() is requested. `last_success` is when the last one began, as known from
  // before. `clock` must outlive this.
  FetchSchedule(std::function<absl::Status()> fetch, std::optional<absl::Time> last_success,
                const Clock& clock);
  // Stops the fetch that goes on. Nobody may wait any more.
  ~FetchSchedule();
  FetchSchedule(const FetchSchedule&) = delete;
  FetchSchedule& operator=(const FetchSchedule&) = delete;

  // Returns once the last successful fetch began at most `max_staleness` before this call (after it
  // for 0), or one that this call waited for has failed, or the calling thread has no time left
  // (common/base/deadline.h): stale then, and the fetch goes on. Waits for two fetches at most: one
  // that goes on and began too early, and the next.
  [[nodiscard]] Freshness Refresh(absl::Duration max_staleness);

  // For a caller who misses what may be new at the remote: as Refresh(0), but waits until the last
  // successful fetch began `interval` ago before it makes another, and returns as soon as `found`,
  // which is asked without lock and after each fetch that others make. Where the calling thread has
  // not that much time left, or too many wait already, it returns at once, with `retry_after`.
  [[nodiscard]] Freshness RefreshUntil(const std::function<bool()>& found, absl::Duration interval);

  // What is known without a fetch.
  [[nodiscard]] Freshness Known() const;

 private:
  struct Wish {
    absl::Duration max_staleness, interval;
    const std::function<bool()>* found = nullptr;
  };
  [[nodiscard]] Freshness Grant(const Wish& wish);
  // Until the last successful fetch began `interval` ago.
  [[nodiscard]] absl::Duration PauseUntilDue(absl::Duration interval) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FetchWhenAsked();

  const std::function<absl::Status()> fetch_;
  const Clock& clock_;
  std::stop_source stop_;
  mutable absl::Mutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;  // one goes on, or is about to begin
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;        // until one is due
  // Fetches are numbered from 1, in the order in which they begin.
  std::int64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t succeeded_ ABSL_GUARDED_BY(mutex_) = 0;  // the last that did, 0 for none here
  std::optional<absl::Time> last_success_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);      // of the last fetch
  absl::Duration failed_at_ ABSL_GUARDED_BY(mutex_);  // monotonic
  std::thread fetcher_;
};

}  // namespace fleetcast::config
