// The rolling-origin backtest: a model trained on a series' first rows, chosen on the next, and
// judged from every origin in the last, held against the naive forecasts, for several seeds.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/time_series.h"
#include "common/forecast/forecast.h"

namespace fleetcast::forecast {

struct BacktestRequest {
  ModelSpec spec;  // its seed is the first run's, each further run has the next
  int seeds = 1;
  // Rows of each part, one after another from the first row on; what is left is not looked at. All
  // 0: every row, in the parts that a training job has.
  std::size_t train_rows = 0, validation_rows = 0, test_rows = 0;
  // Rows of the test part after which it is trained anew, on all rows before with as many to
  // validate on; 0: never. At least 2.
  std::size_t refit_every = 0;
  // Forecasts from at most so many rows of the test part, evenly spread; 0: from every row.
  std::size_t origins = 0;
  const Model* base = nullptr;  // given to each training
};

// A base of all these requests' targets, from the training rows of their parts, which are the same
// for all. INVALID_ARGUMENT as Backtest; errors as TrainBase.
[[nodiscard]] absl::StatusOr<TrainedModel> TrainBacktestBase(
    const TimeSeries& series, const std::vector<BacktestRequest>& requests,
    const ProgressCallback& progress);

// Scaled errors are in units of the target's standard deviation over the training rows, so that
// those of several sensors can be averaged. All are means over the seeds.
struct BacktestResult {
  double mse_scaled = 0, mae_scaled = 0;
  double naive_repeat_mse_scaled = 0, naive_seasonal_mse_scaled = 0;
  double ratio_to_best_naive = 0;  // mse_scaled / the better naive's; below 1 beats both
  double seconds = 0;              // of one training
  Metrics test;                    // in the target's unit
  std::vector<MemberShare> members;
  std::vector<Remark> remarks;        // the last seed's: all seeds see the same data
  int trainings = 0;                  // of each seed
  std::vector<ScoredWindow> windows;  // the first seed's, in order of time
};

struct BacktestProgress {
  int seed = 0, seeds = 0;          // 1-based
  int training = 0, trainings = 0;  // of the seed, 1-based
  EpochProgress epoch;
};

// False stops: TRAINING_CANCELLED.
using BacktestCallback = std::function<bool(const BacktestProgress&)>;

// `series` is a regular grid. Errors as Train; INVALID_ARGUMENT with reason ROW_RANGE_INVALID where
// the parts are empty or hold more rows than the series.
[[nodiscard]] absl::StatusOr<BacktestResult> Backtest(const TimeSeries& series,
                                                      const BacktestRequest& request,
                                                      const BacktestCallback& progress);

}  // namespace fleetcast::forecast
