#include "common/workqueue/breaker.h"

#include <algorithm>

#include "common/workqueue/policy.h"

namespace fleetcast::workqueue {

void Breaker::PutOff(const std::string& dependency, absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  Dependency& away = dependencies_[dependency];
  ++away.in_a_row;
  if (away.in_a_row < kOpensAfter) return;
  // Those that were under way when it opened do not draw the wait out.
  if (now < away.opens_at) return;
  away.opens_at = now + SnoozeWait(away.in_a_row - kOpensAfter + 1);
}

void Breaker::Succeeded() {
  absl::MutexLock lock(&mutex_);
  dependencies_.clear();
}

Allowance Breaker::Allows(int wanted, absl::Duration now) const {
  absl::MutexLock lock(&mutex_);
  Allowance allowance{.most = wanted};
  for (const auto& [name, dependency] : dependencies_) {
    if (dependency.in_a_row < kOpensAfter) continue;
    allowance.away = name;
    allowance.most = std::min(allowance.most, 1);
    allowance.wait = std::max(allowance.wait, dependency.opens_at - now);
  }
  if (allowance.wait > absl::ZeroDuration()) allowance.most = 0;
  return allowance;
}

}  // namespace fleetcast::workqueue
