#include "common/base/deadline.h"

#include <algorithm>
#include <utility>

namespace fleetcast {
namespace {

using std::chrono::steady_clock;

thread_local std::optional<steady_clock::time_point> in_force;
thread_local std::function<bool()> is_cancelled;
thread_local std::stop_token current_stop;

// More than anybody waits for: saves the arithmetic from overflow.
constexpr absl::Duration kForever = absl::Hours(24 * 365);

}  // namespace

ScopedDeadline::ScopedDeadline(absl::Duration time_left) : outer_(in_force) {
  const auto end =
      steady_clock::now() + absl::ToChronoNanoseconds(std::clamp(time_left, -kForever, kForever));
  in_force = outer_ ? std::min(*outer_, end) : end;
}

ScopedDeadline::~ScopedDeadline() { in_force = outer_; }

ScopedCancellation::ScopedCancellation(std::function<bool()> is_over) {
  is_cancelled = std::move(is_over);
}

ScopedCancellation::ScopedCancellation(std::stop_token stop) {
  is_cancelled = [stop] { return stop.stop_requested(); };
  current_stop = std::move(stop);
}

ScopedCancellation::~ScopedCancellation() {
  is_cancelled = nullptr;
  current_stop = std::stop_token();
}

std::stop_token CurrentStop() { return current_stop; }

std::optional<absl::Duration> RemainingTime() {
  if (is_cancelled && is_cancelled()) return absl::ZeroDuration();
  if (!in_force) return std::nullopt;
  return std::max(absl::FromChrono(*in_force - steady_clock::now()), absl::ZeroDuration());
}

}  // namespace fleetcast
