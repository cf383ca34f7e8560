// What attempts work with, and how long they wait for what is away.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/notification.h"
#include "common/base/transient.h"
#include "common/sensordata/sensor_source.h"
#include "common/workqueue/hold.h"
#include "services/trainer/domain/circuit_catalog.h"
#include "services/trainer/domain/model_registry.h"
#include "services/trainer/domain/training_job.h"

namespace fleetcast::trainer {

// Asks the queue now whether this is still the holder: before every effect outside of it. The
// stop's status if not, UNAVAILABLE if the queue cannot say.
using ConfirmHeld = std::function<absl::Status(workqueue::Hold& hold)>;

// Leaves the end of a job's experiment run to whoever finds the registry there again.
using CloseLater = std::function<absl::Status(const workqueue::Hold& hold, const OpenRun& open)>;

// All references must outlive their users.
struct TrainingTools {
  sensordata::SensorSource& sensors;
  ModelRegistry& registry;
  CircuitCatalog& circuits;
  Clock& clock;
  ConfirmHeld confirm_held;
  CloseLater close_later;
  // How long a step waits for what is away before the job is put off; and once there is a trained
  // model, which would have to be trained again.
  absl::Duration patience = absl::Seconds(25);
  absl::Duration patience_when_trained = absl::Minutes(10);
  // Told what a step begins to wait for, and "" when it goes on or gives up.
  std::function<void(const std::string& what)> on_wait = nullptr;
};

inline const absl::Status& StatusIn(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusIn(const absl::StatusOr<T>& result) {
  return result.status();
}

// Waits, as long as the job may go on; the stop's status if it may not.
inline absl::Status WaitWhileHeld(Clock& clock, const workqueue::Hold& hold, absl::Duration wait) {
  static const auto* const kNever = new Notification();
  const absl::Duration until = clock.Monotonic() + wait;
  while (clock.Monotonic() < until) {
    if (absl::Status stop = hold.StopStatus(); !stop.ok()) return stop;
    clock.SleepUnlessStopped(std::min(absl::Milliseconds(100), until - clock.Monotonic()), *kNever);
  }
  return hold.StopStatus();
}

inline constexpr absl::Duration kFirstRetry = absl::Milliseconds(500);

// `call()` until it succeeds, fails for good, or `patience` is over (then its last error). Stops
// with the stop's status when the job must not go on. `call` must be safe to repeat: its request id
// stays the same.
template <typename Call>
auto RetryTransient(const TrainingTools& tools, const workqueue::Hold& hold, Call&& call,
                    absl::Duration patience) -> decltype(call()) {
  const absl::Duration until = tools.clock.Monotonic() + patience;
  absl::Duration wait = kFirstRetry;
  const absl::Cleanup told = [&] {
    if (wait > kFirstRetry && tools.on_wait != nullptr) tools.on_wait("");
  };
  for (;;) {
    if (absl::Status stop = hold.StopStatus(); !stop.ok()) return stop;
    auto result = call();
    if (result.ok()) return result;
    const absl::Status failed = StatusIn(result);
    // What the stop has cut off says so.
    if (absl::IsCancelled(failed))
      if (absl::Status stop = hold.StopStatus(); !stop.ok()) return stop;
    if (!IsTransient(failed) || tools.clock.Monotonic() + wait > until) return result;
    if (wait == kFirstRetry) {
      LogWarning("waits for what is away", {{"for", absl::FormatDuration(patience)},
                                            {"error", std::string(failed.message())}});
      if (tools.on_wait != nullptr) tools.on_wait(std::string(failed.message()));
    }
    const absl::Duration pause = std::exchange(wait, std::min(wait * 2, absl::Seconds(8)));
    if (absl::Status stop = WaitWhileHeld(tools.clock, hold, pause); !stop.ok()) return stop;
  }
}
template <typename Call>
auto RetryTransient(const TrainingTools& tools, const workqueue::Hold& hold, Call&& call)
    -> decltype(call()) {
  return RetryTransient(tools, hold, call, tools.patience);
}

}  // namespace fleetcast::trainer
