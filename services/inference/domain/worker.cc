#include "services/inference/domain/worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/inference/domain/failure.h"

namespace fleetcast::inference {
namespace {

constexpr absl::Duration kWriteRetryWait = absl::Milliseconds(500);

bool IsDraining(const absl::Status& status) { return ReasonOf(status) == "WORKER_DRAINING"; }

}  // namespace

InvocationWorker::InvocationWorker(InvocationStore& store, Forecaster& forecaster, Clock& clock,
                                   WorkerOptions options)
    : store_(store), forecaster_(forecaster), clock_(clock), options_(std::move(options)) {}

absl::StatusOr<bool> InvocationWorker::WorkOnce() {
  const absl::Duration asked_at = clock_.Monotonic();
  FLEETCAST_ASSIGN_OR_RETURN(const std::optional<Invocation> claimed,
                             store_.Claim(options_.name, options_.lease));
  if (!claimed) return false;
  const ScopedLogFields fields(
      {{"sweep", claimed->name.sweep_id}, {"invocation", CircuitKey(claimed->name.circuit)}});
  const auto attempt =
      std::make_shared<Attempt>(clock_, draining_, *claimed, asked_at, options_.lease);
  {
    absl::MutexLock lock(&mutex_);
    held_.insert(attempt);
  }
  Conclude(*attempt, MakeForecast(*claimed, *attempt));
  absl::MutexLock lock(&mutex_);
  held_.erase(attempt);
  return true;
}

absl::StatusOr<Forecast> InvocationWorker::MakeForecast(const Invocation& invocation,
                                                        const Attempt& attempt) {
  FLEETCAST_RETURN_IF_ERROR(attempt.Check());
  return forecaster_.Make(invocation, attempt);
}

absl::Status InvocationWorker::Write(const Attempt& attempt,
                                     const absl::StatusOr<Forecast>& forecast) {
  if (forecast.ok()) return store_.Succeed(attempt.hold(), *forecast);
  if (IsDraining(forecast.status())) {
    return store_.End(attempt.hold(), AttemptEnding::kHandedBack, std::nullopt);
  }
  return store_.End(attempt.hold(), AttemptEnding::kFailed, ClassifyFailure(forecast.status()));
}

void InvocationWorker::Conclude(const Attempt& attempt, const absl::StatusOr<Forecast>& forecast) {
  if (!forecast.ok()) {
    LogWarning("attempt ended without a forecast",
               {{"reason", ReasonOf(forecast.status())}, {"error", forecast.status().ToString()}});
  }
  // Never notified: what is finished is written even while the process drains.
  const Notification never;
  while (!attempt.LeaseLost()) {
    const absl::Status written = Write(attempt, forecast);
    if (written.ok()) return;
    if (!IsTransient(written)) {
      LogWarning("the attempt's end was not accepted", {{"error", written.ToString()}});
      return;
    }
    clock_.SleepUnlessStopped(kWriteRetryWait, never);
  }
  LogWarning("the lease was lost before the attempt's end could be written");
}

void InvocationWorker::RenewLeases() {
  std::vector<std::shared_ptr<Attempt>> held;
  {
    absl::MutexLock lock(&mutex_);
    held.assign(held_.begin(), held_.end());
  }
  for (const auto& attempt : held) attempt->RenewIfDue(store_);
}

void InvocationWorker::Drain() {
  absl::MutexLock lock(&mutex_);
  if (std::exchange(drain_asked_, true)) return;
  draining_.Notify();
}

WorkerThreads::WorkerThreads(InvocationWorker& worker, Clock& clock, int slots)
    : worker_(worker), clock_(clock) {
  for (int i = 0; i < slots; ++i) slots_.emplace_back([this] { Work(); });
  renewer_ = std::thread([this] { Renew(); });
}

WorkerThreads::~WorkerThreads() {
  worker_.Drain();
  for (std::thread& slot : slots_) slot.join();
  working_ended_.Notify();
  renewer_.join();
}

void WorkerThreads::Work() {
  while (!worker_.draining().HasBeenNotified()) {
    const absl::StatusOr<bool> worked = worker_.WorkOnce();
    if (!worked.ok()) LogWarning("cannot claim work", {{"error", worked.status().ToString()}});
    if (worked.ok() && *worked) continue;
    const absl::Duration wait = worked.ok() ? worker_.options().idle_wait : absl::Seconds(1);
    clock_.SleepUnlessStopped(wait, worker_.draining());
  }
}

void WorkerThreads::Renew() {
  const absl::Duration every =
      std::clamp(worker_.options().lease / 10, absl::Milliseconds(20), absl::Seconds(1));
  while (!clock_.SleepUnlessStopped(every, working_ended_)) worker_.RenewLeases();
}

}  // namespace fleetcast::inference
