#include "services/trainer/worker/worker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/base/transient.h"
#include "services/trainer/domain/failure.h"
#include "services/trainer/domain/names.h"
#include "services/trainer/worker/training_attempt.h"

namespace fleetcast::trainer {
namespace {

constexpr absl::Duration kHeartbeatCheck = absl::Milliseconds(100);
constexpr absl::Duration kEnvironmentRetry = absl::Seconds(2);

// Renews a job's lease in the background while in scope.
class Heartbeat {
 public:
  Heartbeat(HeldJob& held, Clock& clock)
      : thread_([this, &held, &clock] {
          do held.RenewIfDue();
          while (!clock.SleepUnlessStopped(kHeartbeatCheck, done_));
        }) {}
  ~Heartbeat() {
    done_.Notify();
    thread_.join();
  }
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  Notification done_;
  std::thread thread_;
};

}  // namespace

Worker::Worker(WorkerOptions options, JobStore& store, ModelRegistry& registry, Clock& clock,
               JobRunner runner)
    : options_(std::move(options)),
      store_(store),
      registry_(registry),
      clock_(clock),
      runner_(std::move(runner)) {}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  threads_.emplace_back([this] { AnnouncePresence(); });
  threads_.emplace_back([this] { RegisterEnvironment(); });
  for (int slot = 0; slot < options_.slots; ++slot) threads_.emplace_back([this] { RunSlot(); });
}

void Worker::Stop() {
  if (draining_.exchange(true)) return;
  stop_.Notify();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Worker::RunSlot() {
  while (!stop_.HasBeenNotified())
    if (!ClaimAndRun()) clock_.SleepUnlessStopped(options_.poll_interval, stop_);
}

void Worker::AnnouncePresence() {
  do {
    const absl::Status seen = store_.SeeReplica(options_.replica, options_.environment);
    if (!seen.ok())
      LogWarning("this replica could not be announced", {{"error", std::string(seen.message())}});
  } while (!clock_.SleepUnlessStopped(options_.presence_interval, stop_));
}

void Worker::RegisterEnvironment() {
  const std::string request_id = DerivedUuid(
      absl::StrCat("environment ", options_.replica, " ", absl::FormatTime(clock_.Now())));
  do {
    const absl::Status registered =
        registry_.RegisterEnvironment(request_id, options_.environment, EnvironmentProperties());
    if (registered.ok()) return LogInfo("environment registered", {{"name", options_.environment}});
    LogWarning("the environment could not be registered",
               {{"name", options_.environment}, {"error", std::string(registered.message())}});
    if (!IsTransient(registered)) return;
  } while (!clock_.SleepUnlessStopped(kEnvironmentRetry, stop_));
}

bool Worker::ClaimAndRun() {
  const absl::Duration asked_at = clock_.Monotonic();
  const absl::StatusOr<Claim> claim = store_.ClaimJob({.replica = options_.replica,
                                                       .environment = options_.environment,
                                                       .lease = options_.lease,
                                                       .max_parallel = options_.max_parallel});
  if (!claim.ok()) {
    LogWarning("no job could be claimed", {{"error", std::string(claim.status().message())}});
    return false;
  }
  for (const DeadAttempt& dead : claim->dead) FinishRunOf(dead);
  if (claim->job) RunJob(*claim->job, asked_at);
  return claim->job.has_value();
}

void Worker::RunJob(const ClaimedJob& claimed, absl::Duration asked_at) {
  const TrainingJob& job = claimed.job;
  const ScopedLogFields fields({{"run", RunResource(job.name.run_id)},
                                {"job", JobResource(job.name)},
                                {"lease_epoch", absl::StrCat(job.lease_epoch)}});
  LogInfo("job claimed", {{"attempt", absl::StrCat(job.attempt_count)}});
  HeldJob held(store_, clock_, claimed.hold(), asked_at, options_.lease, draining_);
  const Heartbeat heartbeat(held, clock_);
  Conclude(held, runner_(claimed, held));
}

void Worker::Conclude(const HeldJob& held, const absl::StatusOr<JobResult>& result) {
  const JobHold& hold = held.hold();
  const std::optional<StopReason> stop = result.ok() ? std::nullopt : held.MustStop();
  if (stop == StopReason::kLeaseLost)
    return LogWarning("the lease was lost; the job is another holder's by now");

  const auto write = [&]() -> absl::Status {
    if (result.ok()) return store_.Succeed(hold, *result);
    if (stop == StopReason::kCancelled) return store_.End(hold, JobEnding::kCancelled, {});
    if (stop == StopReason::kDraining) return store_.End(hold, JobEnding::kHandedBack, {});
    return store_.End(hold, JobEnding::kFailed, ClassifyFailure(result.status()));
  };
  absl::Status written = write();
  // Not stop_: a shutdown waits for the hand-back as long as the lease holds.
  const Notification never;
  while (IsTransient(written) && held.MustStop() != StopReason::kLeaseLost) {
    clock_.SleepUnlessStopped(options_.poll_interval, never);
    written = write();
  }
  const std::string ending = result.ok()                      ? "succeeded"
                             : stop == StopReason::kCancelled ? "cancelled"
                             : stop == StopReason::kDraining  ? "handed back"
                                                              : "failed";
  LogFields details = {{"ending", ending}};
  if (!result.ok()) details.emplace_back("error", std::string(result.status().message()));
  if (written.ok()) return LogInfo("job ended", details);
  details.emplace_back("ledger", std::string(written.message()));
  LogWarning("the job's end could not be written", details);
}

void Worker::FinishRunOf(const DeadAttempt& dead) {
  const std::string run =
      ExperimentRunResource(dead.plant_id, dead.circuit_id, dead.hold.name, dead.hold.lease_epoch);
  LogWarning("a replica went silent; its job's lease has run out",
             {{"job", JobResource(dead.hold.name)},
              {"lease_epoch", absl::StrCat(dead.hold.lease_epoch)},
              {"replica", dead.replica}});
  const absl::Status finished =
      registry_.FinishRun(DerivedUuid("dead " + run), run, ExperimentRunEnd::kKilled,
                          absl::StrCat("replica ", dead.replica, " went silent"));
  if (!finished.ok())
    LogWarning("the dead attempt's experiment run could not be finished",
               {{"experiment_run", run}, {"error", std::string(finished.message())}});
}

}  // namespace fleetcast::trainer
