// What a network holds, for the files that forecast with it and train it.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/forecast/network.h"
#include "common/forecast/network_pass.h"

namespace fleetcast::forecast {

// Memory for passes, lent to one thread at a time. Thread safe.
class PassPool {
 public:
  [[nodiscard]] std::unique_ptr<NetworkPass> Take(const NetworkShape& shape) {
    const absl::MutexLock lock(&mutex_);
    if (passes_.empty()) return std::make_unique<NetworkPass>(shape);
    std::unique_ptr<NetworkPass> pass = std::move(passes_.back());
    passes_.pop_back();
    return pass;
  }
  void GiveBack(std::unique_ptr<NetworkPass> pass) {
    const absl::MutexLock lock(&mutex_);
    passes_.push_back(std::move(pass));
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<NetworkPass>> passes_ ABSL_GUARDED_BY(mutex_);
};

struct Network::State {
  NetworkShape shape;
  std::vector<std::size_t> offsets;  // WeightOffsets
  AlignedVector<float> parameters;   // empty where the weights lie elsewhere
  WeightView mapped;
  std::shared_ptr<const void> owner;  // of what `mapped` points to
  PassPool passes;

  [[nodiscard]] WeightView View() const {
    return owner != nullptr ? mapped : ViewOf(shape, offsets, parameters.data());
  }
};

}  // namespace fleetcast::forecast
