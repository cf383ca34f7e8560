#include "common/forecast/backtest.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/base/status.h"
#include "common/forecast/inputs.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

bool HasDefaultParts(const BacktestRequest& request) {
  return request.train_rows == 0 && request.validation_rows == 0 && request.test_rows == 0;
}

// The rows that the request's parts take.
absl::StatusOr<TimeSeries> RowsOf(const TimeSeries& series, const BacktestRequest& request) {
  if (HasDefaultParts(request)) return series;
  const std::size_t rows = request.train_rows + request.validation_rows + request.test_rows;
  const bool empty =
      request.train_rows == 0 || request.validation_rows == 0 || request.test_rows == 0;
  if (empty || rows > series.rows()) {
    return Refused(absl::StatusCode::kInvalidArgument, "ROW_RANGE_INVALID",
                   std::to_string(request.train_rows) + " training, " +
                       std::to_string(request.validation_rows) + " validation and " +
                       std::to_string(request.test_rows) + " test rows do not fit into the " +
                       std::to_string(series.rows()) +
                       " rows given; each part needs at least one row",
                   {{"rows", std::to_string(series.rows())}, {"wanted", std::to_string(rows)}});
  }
  TimeSeries head;
  head.columns = series.columns;
  head.unix_seconds.assign(series.unix_seconds.begin(),
                           series.unix_seconds.begin() + static_cast<std::ptrdiff_t>(rows));
  head.values.assign(
      series.values.begin(),
      series.values.begin() + static_cast<std::ptrdiff_t>(rows * series.columns.size()));
  return head;
}

SplitShares SharesOf(const BacktestRequest& request) {
  if (HasDefaultParts(request)) return {};
  const auto rows =
      static_cast<double>(request.train_rows + request.validation_rows + request.test_rows);
  return {.train = static_cast<double>(request.train_rows) / rows,
          .validation = static_cast<double>(request.validation_rows) / rows};
}

// The standard deviation of the readings in `train`, outliers left out.
double ReadingsDeviation(const TimeSeries& series, std::size_t target, RowRange train) {
  std::vector<double> values = ColumnValues(series, target, train);
  MaskOutliers(FitPlausibleRange(values), values);
  return FitColumnScale(values).scale;
}

double Square(double value) { return value * value; }

void AddErrors(const ForecastErrors& run, double share, ForecastErrors& mean) {
  mean.mae += share * run.mae;
  mean.rmse += share * run.rmse;
  mean.r2 += share * run.r2;
  mean.mase += share * run.mase;
  mean.mae_repeat_last += share * run.mae_repeat_last;
  mean.rmse_repeat_last += share * run.rmse_repeat_last;
  mean.mae_seasonal_naive += share * run.mae_seasonal_naive;
  mean.rmse_seasonal_naive += share * run.rmse_seasonal_naive;
  mean.skill_vs_repeat_last += share * run.skill_vs_repeat_last;
  mean.skill_vs_seasonal_naive += share * run.skill_vs_seasonal_naive;
}

// Adds a share of one run's errors, which are the same windows' as the other runs'.
void AddRun(const Metrics& run, double deviation, double share, BacktestResult& result) {
  result.mse_scaled += share * Square(run.rmse / deviation);
  result.mae_scaled += share * run.mae / deviation;
  result.naive_repeat_mse_scaled += share * Square(run.rmse_repeat_last / deviation);
  result.naive_seasonal_mse_scaled += share * Square(run.rmse_seasonal_naive / deviation);
  Metrics& mean = result.test;
  mean.windows = run.windows;
  AddErrors(run, share, mean);
  mean.by_step.resize(run.by_step.size());
  for (std::size_t step = 0; step < run.by_step.size(); ++step) {
    AddErrors(run.by_step[step], share, mean.by_step[step]);
  }
  mean.coverage.resize(run.coverage.size());
  for (std::size_t i = 0; i < run.coverage.size(); ++i) {
    mean.coverage[i].level = run.coverage[i].level;
    mean.coverage[i].share += share * run.coverage[i].share;
  }
}

// Members are the same for every seed, their weights and errors are not.
void AddMembers(const std::vector<MemberShare>& run, double share, BacktestResult& result) {
  result.members.resize(run.size());
  for (std::size_t i = 0; i < run.size(); ++i) {
    result.members[i].name = run[i].name;
    result.members[i].weight += share * run[i].weight;
    result.members[i].validation_mae += share * run[i].validation_mae;
  }
}

// 1 against a naive forecast without error, unless the model has none either.
double Ratio(const BacktestResult& result) {
  const double naive = std::min(result.naive_repeat_mse_scaled, result.naive_seasonal_mse_scaled);
  if (naive > 0) return result.mse_scaled / naive;
  return result.mse_scaled > 0 ? 1 : 0;
}

}  // namespace

absl::StatusOr<BacktestResult> Backtest(const TimeSeries& series, const BacktestRequest& request,
                                        const BacktestCallback& progress) {
  if (request.seeds < 1) return InvalidField("seeds", "must be at least 1");
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries rows, RowsOf(series, request));
  FLEETCAST_ASSIGN_OR_RETURN(const std::size_t target,
                             ColumnIndex(rows, request.spec.target_column));
  const SplitShares shares = SharesOf(request);
  const RowRange train = SplitOf(rows.rows(), shares).train;
  const double deviation = ReadingsDeviation(rows, target, train);
  const double share = 1.0 / request.seeds;
  BacktestResult result;
  for (int run = 0; run < request.seeds; ++run) {
    ModelSpec spec = request.spec;
    spec.seed += static_cast<std::uint64_t>(run);
    const auto begin = std::chrono::steady_clock::now();
    FLEETCAST_ASSIGN_OR_RETURN(const TrainedModel trained,
                               Train(rows, spec, shares, [&](const EpochProgress& epoch) {
                                 return !progress || progress({run + 1, request.seeds, epoch});
                               }));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    result.seconds += share * taken.count();
    AddRun(trained.test, deviation, share, result);
    AddMembers(trained.members, share, result);
    result.remarks = trained.remarks;
  }
  result.ratio_to_best_naive = Ratio(result);
  return result;
}

}  // namespace fleetcast::forecast
