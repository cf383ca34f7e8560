// Callers that want the same thing at the same time share one transaction: while one batch is under
// way the others gather, and the first of them takes all that wait along. So the longer a commit
// takes, the more it carries, and more callers get more done instead of queueing for a lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::registry {

// Thread safe. There is no thread of its own: a caller runs the batch that holds its call.
template <typename Call, typename Result>
class GroupCommit {
 public:
  using Batch = std::vector<const Call*>;
  // Carries out a batch: one result for each call, in order. One batch at a time.
  using Run = std::function<std::vector<Result>(const Batch& batch)>;
  // Whether `call` may be carried out in one batch with those already in it.
  using Fits = std::function<bool(const Batch& batch, const Call& call)>;

  GroupCommit(std::size_t most, Fits fits, Run run)
      : most_(most), fits_(std::move(fits)), run_(std::move(run)) {}

  // Returns when `call` has been carried out, in the order of coming as far as `fits` allows.
  Result Do(const Call& call) {
    Waiter mine{.call = &call, .group = this};
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(&mine);
    for (;;) {
      mutex_.Await(absl::Condition(&mine, &Waiter::MayGoOn));
      if (mine.result) return *std::move(mine.result);
      RunNext();
    }
  }

 private:
  struct Waiter {
    const Call* call;
    GroupCommit* group;
    std::optional<Result> result = std::nullopt;

    bool MayGoOn() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return result.has_value() || !group->running_;
    }
  };

  void RunNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    running_ = true;
    std::vector<Waiter*> taken;
    Batch batch;
    for (Waiter* waiter : waiting_) {
      if (batch.size() == most_ || !fits_(batch, *waiter->call)) continue;
      taken.push_back(waiter);
      batch.push_back(waiter->call);
    }
    std::erase_if(waiting_, [&](Waiter* waiter) {
      return std::find(taken.begin(), taken.end(), waiter) != taken.end();
    });
    mutex_.Unlock();
    std::vector<Result> results = run_(batch);
    mutex_.Lock();
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i]->result = std::move(results[i]);
    running_ = false;
  }

  const std::size_t most_;
  const Fits fits_;
  const Run run_;
  absl::Mutex mutex_;
  std::deque<Waiter*> waiting_ ABSL_GUARDED_BY(mutex_);
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace fleetcast::registry
