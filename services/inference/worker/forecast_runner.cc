#include "services/inference/worker/forecast_runner.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/base/deadline.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "common/workqueue/breaker.h"
#include "services/inference/domain/failure.h"
#include "services/inference/storage/forecast_rows.h"

namespace fleetcast::inference {
namespace {

using workqueue::Batch;
using workqueue::BatchOutcome;
using workqueue::Ending;
using workqueue::Hold;
using workqueue::Outcome;

absl::StatusOr<Forecast> MakeOne(Forecaster& forecaster, const Hold& hold) {
  FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
  FLEETCAST_ASSIGN_OR_RETURN(const HeldInvocation invocation, HeldInvocationOf(hold.task()));
  const ScopedLogFields fields({{"invocation", InvocationResource(invocation.name)}});
  const ScopedCancellation stop(hold.stop_token());
  return forecaster.Make(invocation, hold);
}

// The outcomes of a batch, one after the other.
class BatchWork {
 public:
  explicit BatchWork(Forecaster& forecaster) : forecaster_(forecaster) {}

  Outcome Do(const Hold& hold, Forecast* made) {
    if (away_in_a_row_ >= workqueue::Breaker::kOpensAfter && hold.StopStatus().ok()) return away_;
    Outcome outcome = workqueue::OutcomeOfCaught([&] { return Try(hold, made); });
    if (outcome.ending != Ending::kSnoozed) {
      away_in_a_row_ = 0;
    } else {
      away_in_a_row_ = outcome.dependency == away_.dependency ? away_in_a_row_ + 1 : 1;
      away_ = outcome;
    }
    return outcome;
  }

 private:
  Outcome Try(const Hold& hold, Forecast* made) {
    auto forecast = MakeOne(forecaster_, hold);
    if (!forecast.ok()) return workqueue::OutcomeOf(forecast.status(), hold, Classify);
    *made = *std::move(forecast);
    return {.ending = Ending::kSucceeded,
            .result = ToJson(InvocationResult{.issue_time = made->issue_time})};
  }

  Forecaster& forecaster_;
  // What is away is not waited for by each of the batch anew.
  int away_in_a_row_ = 0;
  Outcome away_;
};

}  // namespace

workqueue::Runner ForecastCircuits(Forecaster& forecaster) {
  return [&forecaster](const Batch& batch) {
    BatchOutcome result;
    BatchWork work(forecaster);
    const auto forecasts = std::make_shared<std::vector<Forecast>>(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i)
      result.outcomes.push_back(work.Do(*batch[i], &(*forecasts)[i]));
    result.effect = [forecasts](pqxx::work& transaction, const std::vector<std::size_t>& held) {
      std::vector<Forecast> stored;
      stored.reserve(held.size());
      for (const std::size_t index : held) stored.push_back((*forecasts)[index]);
      StoreForecasts(transaction, stored);
      return absl::OkStatus();
    };
    return result;
  };
}

}  // namespace fleetcast::inference
