// How much longer to wait, on the monotonic clock: a step of the wall clock neither cuts the wait
// short nor draws it out.
#pragma once

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace fleetcast {

class Patience {
 public:
  explicit Patience(absl::Duration limit)
      : end_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limit)) {}
  // Not below zero.
  [[nodiscard]] absl::Duration Left() const {
    return std::max(absl::FromChrono(end_ - std::chrono::steady_clock::now()),
                    absl::ZeroDuration());
  }
  [[nodiscard]] bool IsOver() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace fleetcast
