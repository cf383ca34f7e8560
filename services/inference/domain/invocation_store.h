// Port: invocations as their holders see them. Leases give liveness, fencing gives safety: every
// write of a holder names the invocation and the lease epoch of its claim, and writes nothing if
// the invocation has another epoch by then. Implementations: PostgresInvocationStore,
// FakeInferenceStore.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/inference/domain/forecast.h"
#include "services/inference/domain/invocation.h"
#include "services/inference/domain/invocation_transition.h"

namespace fleetcast::inference {

// Who holds an invocation, as every write of the holder carries it.
struct InvocationHold {
  InvocationName name;
  std::int64_t lease_epoch = 0;
};

[[nodiscard]] inline InvocationHold HoldOf(const Invocation& claimed) {
  return {claimed.name, claimed.lease_epoch};
}

// Thread safe. Every method may return UNAVAILABLE. Those that take a hold return ABORTED with
// reason NOT_THE_HOLDER, and have then written nothing, if the invocation is held under another
// epoch or not held at all: stop work on it.
class InvocationStore {
 public:
  virtual ~InvocationStore() = default;

  // First ends every attempt whose lease has run out or that has taken longer than its timeout.
  // Then claims the next invocation that may start: single circuits before sweeps, the oldest
  // first, none whose circuit is at its concurrency limit. Raises its lease_epoch and counts an
  // attempt. nullopt: nothing to do.
  [[nodiscard]] virtual absl::StatusOr<std::optional<Invocation>> Claim(const std::string& worker,
                                                                        absl::Duration lease) = 0;
  // Extends the lease, provided that it has not run out.
  [[nodiscard]] virtual absl::Status Renew(const InvocationHold& hold, absl::Duration lease) = 0;
  // RUNNING → SUCCEEDED, together with the forecast: it replaces the one of the same circuit,
  // issue time and model version. Repeating it is harmless: OK if this hold has succeeded already.
  [[nodiscard]] virtual absl::Status Succeed(const InvocationHold& hold,
                                             const Forecast& forecast) = 0;
  // RUNNING → what AfterAttempt says.
  [[nodiscard]] virtual absl::Status End(const InvocationHold& hold, AttemptEnding ending,
                                         const std::optional<InvocationFailure>& failure) = 0;
};

[[nodiscard]] absl::Status NotTheHolder(const InvocationHold& hold);
[[nodiscard]] bool IsNotTheHolder(const absl::Status& status);

}  // namespace fleetcast::inference
