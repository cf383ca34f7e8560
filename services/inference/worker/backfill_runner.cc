#include "services/inference/worker/backfill_runner.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "services/inference/domain/failure.h"

namespace fleetcast::inference {
namespace {

using workqueue::Ending;
using workqueue::Failure;
using workqueue::Hold;
using workqueue::Outcome;

// What became of a mini batch. With `stopped`, the invocation ends so and nothing of it counts.
struct Made {
  std::vector<Forecast> forecasts;
  std::int64_t failed = 0;
  std::string first_failure;
  std::optional<Outcome> stopped;
};

class BackfillWork {
 public:
  BackfillWork(Forecaster& forecaster, BackfillStore& store, Clock& clock, int threads,
               const Hold& hold)
      : forecaster_(forecaster), store_(store), clock_(clock), threads_(threads), hold_(hold) {}

  Outcome Run(Hold& hold) {
    absl::StatusOr<HeldInvocation> held = HeldInvocationOf(hold.task());
    if (!held.ok()) return Ended(held.status());
    invocation_ = *std::move(held);
    const ScopedLogFields fields({{"invocation", InvocationResource(invocation_.name)}});
    if (!invocation_.pin.backfill)
      return Ended(Refused(absl::StatusCode::kFailedPrecondition, "PAYLOAD_UNREADABLE",
                           "what the invocation pinned is no backfill; make it again"));
    absl::StatusOr<BackfillProgress> progress = store_.Read(invocation_.name);
    if (!progress.ok()) return Ended(progress.status());
    progress->windows = WindowsOf(pin().range);
    hold.Report(ToJson(*progress));
    for (;;) {
      if (auto failure = FailureOfBackfill(pin(), *progress))
        return {.ending = Ending::kFailed, .failure = std::move(failure)};
      const std::vector<MiniBatch> batches = NextMiniBatches(pin(), *progress, threads_);
      if (batches.empty()) return Success(*progress);
      if (std::optional<Outcome> stopped = DoWave(batches, hold, &*progress)) return *stopped;
    }
  }

 private:
  [[nodiscard]] const BackfillPin& pin() const { return *invocation_.pin.backfill; }

  Outcome Ended(const absl::Status& status) const {
    return workqueue::OutcomeOf(status, hold_, Classify);
  }

  static Outcome Success(const BackfillProgress& progress) {
    return {
        .ending = Ending::kSucceeded, .result = ToJson(progress), .reason = ProgressText(progress)};
  }

  // Makes mini batches at once, and stores them one after the other.
  std::optional<Outcome> DoWave(const std::vector<MiniBatch>& batches, Hold& hold,
                                BackfillProgress* progress) {
    std::vector<Made> made(batches.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < batches.size(); ++i)
        others.emplace_back([&, i] { made[i] = Make(batches[i]); });
      made[0] = Make(batches[0]);
    }
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (made[i].stopped) return made[i].stopped;
      BackfillProgress next = *progress;
      next.done += batches[i].count;
      next.failed += made[i].failed;
      if (next.first_failure.empty()) next.first_failure = made[i].first_failure;
      for (const Forecast& forecast : made[i].forecasts) {
        const bool repeated = next.last_issue_time && forecast.issue_time <= *next.last_issue_time;
        if (repeated)
          ++next.repeated;
        else
          next.last_issue_time = forecast.issue_time;
      }
      const absl::Status stored =
          store_.Store(hold.id(), invocation_.name, next, made[i].forecasts);
      if (!stored.ok()) return Ended(stored);
      *progress = std::move(next);
      hold.Report(ToJson(*progress));
      if (FailureOfBackfill(pin(), *progress)) return std::nullopt;  // the next look says so
    }
    return std::nullopt;
  }

  // Windows that failed in a way that another try may mend are tried again, the mini batch anew.
  Made Make(const MiniBatch& batch) const {
    Made made;
    std::vector<std::int64_t> left;
    left.reserve(static_cast<std::size_t>(batch.count));
    for (std::int64_t i = 0; i < batch.count; ++i) left.push_back(batch.first + i);
    for (int attempt = 0; !left.empty() && !made.stopped; ++attempt)
      left = Try(left, attempt >= pin().max_retries, &made);
    std::sort(made.forecasts.begin(), made.forecasts.end(),
              [](const Forecast& a, const Forecast& b) { return a.issue_time < b.issue_time; });
    return made;
  }

  // The windows that are to be tried again.
  std::vector<std::int64_t> Try(const std::vector<std::int64_t>& windows, bool last,
                                Made* made) const {
    const absl::Duration deadline =
        clock_.Monotonic() + absl::Seconds(pin().mini_batch_timeout_seconds);
    std::vector<std::int64_t> again;
    for (const std::int64_t window : windows) {
      Forecast forecast;
      const Outcome outcome = MakeOne(window, deadline, &forecast);
      if (outcome.ending == Ending::kSucceeded) {
        made->forecasts.push_back(std::move(forecast));
      } else if (outcome.ending != Ending::kFailed || !hold_.StopStatus().ok()) {
        made->stopped = outcome;
        return {};
      } else if (outcome.failure->retryable && !last) {
        again.push_back(window);
      } else {
        ++made->failed;
        if (made->first_failure.empty())
          made->first_failure =
              absl::StrCat("as of ",
                           absl::FormatTime(absl::RFC3339_sec, WindowAt(pin().range, window),
                                            absl::UTCTimeZone()),
                           ": ", outcome.failure->reason, ": ", outcome.failure->message);
      }
    }
    return again;
  }

  Outcome MakeOne(std::int64_t window, absl::Duration deadline, Forecast* made) const {
    return workqueue::OutcomeOfCaught([&]() -> Outcome {
      const absl::Status go_on = hold_.StopStatus();
      if (!go_on.ok()) return Ended(go_on);
      absl::Status failed;
      if (clock_.Monotonic() < deadline) {
        const ScopedDeadline until(deadline - clock_.Monotonic());
        const ScopedCancellation stop(hold_.stop_token());
        HeldInvocation as_of = invocation_;
        as_of.pin.as_of = WindowAt(pin().range, window);
        absl::StatusOr<Forecast> forecast = forecaster_.Make(as_of, hold_);
        if (forecast.ok()) {
          *made = *std::move(forecast);
          return {.ending = Ending::kSucceeded};
        }
        failed = forecast.status();
      }
      // What took too long is not for that away.
      const absl::Status stopped = hold_.StopStatus();
      if (stopped.ok() && clock_.Monotonic() >= deadline) return TimedOut();
      return Ended(failed.ok() ? stopped : failed);
    });
  }

  Outcome TimedOut() const {
    return {.ending = Ending::kFailed,
            .failure =
                Failure{.kind = workqueue::FailureKind::kTimeout,
                        .reason = "MINI_BATCH_TIMEOUT",
                        .message = absl::StrCat(
                            "its mini batch took longer than retry_settings.timeout, ",
                            absl::FormatDuration(absl::Seconds(pin().mini_batch_timeout_seconds)),
                            ": make mini_batch_size smaller or the timeout longer"),
                        .retryable = true}};
  }

  Forecaster& forecaster_;
  BackfillStore& store_;
  Clock& clock_;
  const int threads_;
  const Hold& hold_;
  HeldInvocation invocation_;
};

}  // namespace

workqueue::Runner BackfillCircuits(Forecaster& forecaster, BackfillStore& store, Clock& clock,
                                   int threads) {
  return [&forecaster, &store, &clock, threads](const workqueue::Batch& batch) {
    workqueue::BatchOutcome result;
    for (const auto& hold : batch)
      result.outcomes.push_back(workqueue::OutcomeOfCaught(
          [&] { return BackfillWork(forecaster, store, clock, threads, *hold).Run(*hold); }));
    return result;
  };
}

}  // namespace fleetcast::inference
