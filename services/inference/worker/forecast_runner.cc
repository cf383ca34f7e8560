#include "services/inference/worker/forecast_runner.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/workqueue/breaker.h"
#include "services/inference/domain/failure.h"
#include "services/inference/domain/fallback.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/score_rows.h"

namespace fleetcast::inference {
namespace {

using workqueue::Batch;
using workqueue::BatchOutcome;
using workqueue::Ending;
using workqueue::Hold;
using workqueue::Outcome;

Outcome SuccessOf(const Forecast& forecast) {
  InvocationResult result{.issue_time = forecast.issue_time,
                          .source = forecast.source,
                          .source_reason = forecast.source_reason};
  if (result.source != ForecastSource::kDeployedVersion)
    result.model_version = forecast.model_version;
  return {.ending = Ending::kSucceeded, .result = ToJson(result)};
}

// The outcomes of a batch, one after the other.
class BatchWork {
 public:
  BatchWork(Forecaster& forecaster, const Clock& clock) : forecaster_(forecaster), clock_(clock) {}

  Outcome Do(const Hold& hold, Forecast* made) {
    const absl::StatusOr<HeldInvocation> invocation = HeldInvocationOf(hold.task());
    const bool patient = !invocation.ok() || WaitOf(*invocation) < kRegistryPatience;
    if (away_in_a_row_ >= workqueue::Breaker::kOpensAfter && hold.StopStatus().ok() && patient)
      return away_;
    Outcome outcome = Try(hold, invocation, made);
    if (outcome.ending != Ending::kSnoozed) {
      away_in_a_row_ = 0;
    } else {
      away_in_a_row_ = outcome.dependency == away_.dependency ? away_in_a_row_ + 1 : 1;
      away_ = outcome;
    }
    return outcome;
  }

 private:
  Outcome Try(const Hold& hold, const absl::StatusOr<HeldInvocation>& invocation, Forecast* made) {
    const auto make = [&](auto&& forecast_of) {
      return workqueue::OutcomeOfCaught([&]() -> Outcome {
        absl::StatusOr<Forecast> forecast = Made(hold, invocation, forecast_of);
        if (!forecast.ok()) return workqueue::OutcomeOf(forecast.status(), hold, Classify);
        *made = *std::move(forecast);
        return SuccessOf(*made);
      });
    };
    Outcome outcome = make([&] { return forecaster_.Make(*invocation, hold); });
    if (!outcome.failure || !invocation.ok()) return outcome;
    const StandIn stand_in =
        StandInFor(invocation->pin.fallback, TroubleOf(outcome, hold, *invocation));
    if (stand_in == StandIn::kNone) return outcome;
    const std::string why = absl::StrCat(outcome.failure->reason, ": ", outcome.failure->message);
    Outcome other = make([&] { return forecaster_.MakeStandIn(*invocation, hold, stand_in, why); });
    // Whatever is away meanwhile, or tells it to stop, may let it succeed another time.
    if (other.ending != Ending::kFailed || !hold.StopStatus().ok()) return other;
    absl::StrAppend(&outcome.failure->message,
                    "; nothing could stand in for it: ", other.failure->message);
    return outcome;
  }

  template <typename ForecastOf>
  static absl::StatusOr<Forecast> Made(const Hold& hold,
                                       const absl::StatusOr<HeldInvocation>& invocation,
                                       ForecastOf&& forecast_of) {
    FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
    FLEETCAST_RETURN_IF_ERROR(invocation.status());
    const ScopedLogFields fields({{"invocation", InvocationResource(invocation->name)}});
    const ScopedCancellation stop(hold.stop_token());
    return forecast_of();
  }

  [[nodiscard]] Trouble TroubleOf(const Outcome& outcome, const Hold& hold,
                                  const HeldInvocation& invocation) const {
    return {.failure = *outcome.failure,
            .away = outcome.ending == Ending::kSnoozed ? outcome.dependency : "",
            .last_attempt = hold.task().attempt_count >= hold.task().max_attempts,
            .waited = WaitOf(invocation)};
  }

  // How long ago it was asked for.
  [[nodiscard]] absl::Duration WaitOf(const HeldInvocation& invocation) const {
    return invocation.pin.ask_time ? clock_.Now() - *invocation.pin.ask_time : absl::ZeroDuration();
  }

  Forecaster& forecaster_;
  const Clock& clock_;
  // What is away is not waited for by each of the batch anew.
  int away_in_a_row_ = 0;
  Outcome away_;
};

}  // namespace

workqueue::Runner ForecastCircuits(Forecaster& forecaster, const Clock& clock) {
  return [&forecaster, &clock](const Batch& batch) {
    BatchOutcome result;
    BatchWork work(forecaster, clock);
    const auto forecasts = std::make_shared<std::vector<Forecast>>(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i)
      result.outcomes.push_back(work.Do(*batch[i], &(*forecasts)[i]));
    result.effect = [forecasts](pqxx::work& transaction, const std::vector<std::size_t>& held) {
      std::vector<Forecast> stored;
      stored.reserve(held.size());
      for (const std::size_t index : held) stored.push_back((*forecasts)[index]);
      StoreForecasts(transaction, stored);
      ScoreForecasts(transaction, stored);
      return absl::OkStatus();
    };
    return result;
  };
}

}  // namespace fleetcast::inference
