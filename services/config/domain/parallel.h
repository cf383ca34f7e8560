// Work that several threads of one process can share.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace fleetcast::config {

// Thread safe. All callers together never have more helping threads than there are.
class Parallel {
 public:
  // `helpers` threads at most help callers' own.
  explicit Parallel(int helpers) : free_helpers_(helpers) {}

  // Calls work(i), which returns an absl::Status, for each i below `count`, with at least `grain`
  // calls to each thread. Returns an error of one of them, after which no new ones are made.
  template <typename Work>
  absl::Status ForEach(std::size_t count, std::size_t grain, const Work& work) {
    Share share;
    const auto take = [&] {
      for (std::size_t i = share.next++; i < count; i = share.next++) {
        const absl::Status status = work(i);
        if (status.ok()) continue;
        absl::MutexLock lock(&share.mutex);
        share.status = status;
        share.next = count;
      }
    };
    std::vector<std::thread> helpers;
    for (std::size_t wanted = count / grain; wanted > 1 && Borrow(); --wanted)
      helpers.emplace_back(take);
    take();
    for (std::thread& helper : helpers) helper.join();
    free_helpers_ += static_cast<int>(helpers.size());
    absl::MutexLock lock(&share.mutex);
    return share.status;
  }

 private:
  struct Share {
    std::atomic<std::size_t> next = 0;
    absl::Mutex mutex;
    absl::Status status ABSL_GUARDED_BY(mutex);
  };

  bool Borrow() {
    if (--free_helpers_ >= 0) return true;
    ++free_helpers_;
    return false;
  }

  std::atomic<int> free_helpers_;
};

}  // namespace fleetcast::config
