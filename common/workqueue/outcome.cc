#include "common/workqueue/outcome.h"

#include <new>
#include <utility>

#include "common/base/status.h"
#include "common/base/transient.h"

namespace fleetcast::workqueue {
namespace {

Failure Thrown(const std::string& what, bool out_of_memory = false) {
  return {.kind = out_of_memory ? FailureKind::kEnvironment : FailureKind::kInternal,
          .reason = out_of_memory ? "OUT_OF_MEMORY" : "UNEXPECTED_EXCEPTION",
          .message = what,
          .retryable = out_of_memory};
}

// What `work` threw; nullopt if it returned.
std::optional<Failure> Catch(absl::FunctionRef<void()> work) {
  try {
    work();
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return Thrown("there is not enough memory for this task", true);
  } catch (const std::exception& exception) {
    return Thrown(exception.what());
  } catch (...) {
    return Thrown("something that is no exception");
  }
}

}  // namespace

BatchOutcome RunCaught(const Runner& runner, const Batch& batch) {
  BatchOutcome outcome;
  std::optional<Failure> failure = Catch([&] { outcome = runner(batch); });
  if (!failure && outcome.outcomes.size() != batch.size())
    failure = Thrown("the work gave no outcome for some tasks");
  if (failure) {
    outcome = BatchOutcome();
    outcome.outcomes.assign(batch.size(), {.ending = Ending::kFailed, .failure = failure});
  }
  return outcome;
}

Outcome OutcomeOfCaught(absl::FunctionRef<Outcome()> work) {
  Outcome outcome;
  std::optional<Failure> failure = Catch([&] { outcome = work(); });
  if (failure) return {.ending = Ending::kFailed, .failure = std::move(failure)};
  return outcome;
}

Outcome OutcomeOf(const absl::Status& status, const Hold& hold, const Classify& classify) {
  const std::string reason = ReasonOf(status);
  const bool only_stopped = status.code() == absl::StatusCode::kCancelled ||
                            reason == "REPLICA_DRAINING" || reason == "TASK_GONE" ||
                            reason == "LEASE_LOST";
  if (hold.MustStop() == StopReason::kDraining && (only_stopped || IsTransient(status)))
    return {.ending = Ending::kHandedBack};
  if (reason == "ATTEMPT_TIMEOUT" || hold.MustStop() == StopReason::kTimedOut)
    return {.ending = Ending::kFailed,
            .failure = Failure{.kind = FailureKind::kTimeout,
                               .reason = "ATTEMPT_TIMEOUT",
                               .message = std::string(status.message()),
                               .retryable = true}};
  Verdict verdict = classify(status);
  return {.ending = verdict.away.empty() ? Ending::kFailed : Ending::kSnoozed,
          .failure = std::move(verdict.failure),
          .dependency = std::move(verdict.away)};
}

}  // namespace fleetcast::workqueue
