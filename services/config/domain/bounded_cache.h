// Values that are costly to make and never change, by key, within a bound on memory: the least
// recently used go first.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::config {

// Thread safe.
template <typename Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  using Shared = std::shared_ptr<const Value>;

  // nullptr if it is not there.
  [[nodiscard]] Shared Find(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    return FindLocked(key);
  }

  // What is there, else what make() makes, an absl::StatusOr<Shared>, which is kept. Callers who
  // come for the same key meanwhile wait for it, and share an error as well.
  template <typename Make>
  [[nodiscard]] absl::StatusOr<Shared> FindOrMake(const std::string& key, const Make& make) {
    std::shared_ptr<Making> making;
    {
      absl::MutexLock lock(&mutex_);
      if (Shared value = FindLocked(key)) return value;
      std::shared_ptr<Making>& slot = making_[key];
      if (slot != nullptr) {
        making = slot;
        mutex_.Await(absl::Condition(&making->done));
        return making->result;
      }
      making = slot = std::make_shared<Making>();
    }
    absl::StatusOr<Shared> result = make();
    if (result.ok()) Insert(key, *result);
    absl::MutexLock lock(&mutex_);
    making->result = result;
    making->done = true;
    making_.erase(key);
    return result;
  }

  // Keeps `value`, which has ApproximateBytes(), unless it is beyond the bound by itself. Where
  // two threads made the same, the first stays.
  void Insert(const std::string& key, Shared value) {
    const std::size_t bytes = value->ApproximateBytes() + 2 * key.size() + kOverhead;
    absl::MutexLock lock(&mutex_);
    if (bytes > max_bytes_ || by_key_.contains(key)) return;
    entries_.push_front({key, std::move(value), bytes});
    by_key_.emplace(key, entries_.begin());
    bytes_ += bytes;
    while (bytes_ > max_bytes_) {
      bytes_ -= entries_.back().bytes;
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

  [[nodiscard]] std::size_t bytes() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }

 private:
  // List and map nodes, the shared value's control block, allocation.
  static constexpr std::size_t kOverhead = 250;

  struct Entry {
    std::string key;
    Shared value;
    std::size_t bytes = 0;
  };

  // A value that some caller makes just now.
  struct Making {
    bool done = false;
    absl::StatusOr<Shared> result;
  };

  Shared FindLocked(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  const std::size_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // latest used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> by_key_
      ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::shared_ptr<Making>> making_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fleetcast::config
