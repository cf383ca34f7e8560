// When something else stands in for a version that could not make its forecast: a pure function of
// what went wrong, so that every circuit has a forecast and no error is hidden by one.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/workqueue/task.h"
#include "services/inference/domain/deployment.h"

namespace fleetcast::inference {

// Each before those that follow it, where it can be made.
enum class StandIn {
  kNone,
  kNaive,                 // the seasonal naive forecast, else the last value
  kEarlierVersionOrNaive  // the version that served before, else those
};

// How an attempt at an invocation ended.
struct Trouble {
  workqueue::Failure failure;
  std::string away;           // what it depends on is away: "registry"; "" if not
  bool last_attempt = false;  // of those allowed
  absl::Duration waited = absl::ZeroDuration();  // since the invocation was asked for
};

// So long the registry is waited for: a forecast counts as late after fifteen minutes.
inline constexpr absl::Duration kRegistryPatience = absl::Minutes(10);

// - A version that is damaged, missing or gives no finite values, and readings that are too few or
//   too odd for it: at once, for another try would not mend it.
// - What nobody foresaw: when the attempts are used up.
// - The registry is away: it is waited for, kRegistryPatience, then a naive forecast stands in, for
//   the earlier version would have to come from there too.
// - Readings that cannot be had, are malformed or older than allowed: never, for whatever stands in
//   would be made of them too. The sensor source is waited for as long as it is away.
[[nodiscard]] StandIn StandInFor(Fallback fallback, const Trouble& trouble);

}  // namespace fleetcast::inference
