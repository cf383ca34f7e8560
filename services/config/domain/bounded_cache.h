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
#include "absl/synchronization/mutex.h"

namespace fleetcast::config {

// Thread safe.
template <typename Value>
class BoundedCache {
 public:
  explicit BoundedCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // nullptr if it is not there.
  [[nodiscard]] std::shared_ptr<const Value> Find(const std::string& key) {
    absl::MutexLock lock(&mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  // Keeps `value`, which has ApproximateBytes(), unless it is beyond the bound by itself. Where
  // two threads made the same, the first stays.
  void Insert(const std::string& key, std::shared_ptr<const Value> value) {
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
    std::shared_ptr<const Value> value;
    std::size_t bytes = 0;
  };

  const std::size_t max_bytes_;
  mutable absl::Mutex mutex_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // latest used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> by_key_
      ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace fleetcast::config
