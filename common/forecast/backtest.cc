#include "common/forecast/backtest.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "common/base/status.h"
#include "common/forecast/inputs.h"
#include "common/forecast/metrics.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

bool HasDefaultParts(const BacktestRequest& request) {
  return request.train_rows == 0 && request.validation_rows == 0 && request.test_rows == 0;
}

// The first rows.
TimeSeries HeadOf(const TimeSeries& series, std::size_t rows) {
  const auto values = static_cast<std::ptrdiff_t>(rows * series.columns.size());
  return {.columns = series.columns,
          .unix_seconds = {series.unix_seconds.begin(),
                           series.unix_seconds.begin() + static_cast<std::ptrdiff_t>(rows)},
          .values = {series.values.begin(), series.values.begin() + values}};
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
  return HeadOf(series, rows);
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

// What one model judges: its first rows up to `judged` train and validate it.
struct Fold {
  std::size_t validation_rows = 0;
  RowRange judged;  // rows of the first target of its windows
};

// A last one of a single window belongs to the one before: a model needs two to be judged on.
std::vector<Fold> FoldsOf(const SplitRows& split, std::size_t horizon, std::size_t refit_every) {
  const std::size_t validation = split.validation.end - split.validation.begin;
  const std::size_t room = split.test.end - split.test.begin;
  const std::size_t windows = room - std::min(room, horizon - 1);
  const std::size_t end = split.test.begin + std::max<std::size_t>(1, windows);
  const std::size_t size = refit_every > 0 ? refit_every : room;
  std::vector<Fold> folds;
  for (std::size_t begin = split.test.begin; begin < end; begin += size) {
    if (!folds.empty() && end - begin < 2) {
      folds.back().judged.end = end;
    } else {
      folds.push_back({validation, {begin, std::min(begin + size, end)}});
    }
  }
  return folds;
}

// One seed's trainings and forecasts.
class Run {
 public:
  Run(const TimeSeries& series, const BacktestRequest& request, int number,
      const BacktestCallback& progress)
      : series_(series), request_(request), number_(number), progress_(progress) {
    spec_ = request.spec;
    spec_.seed += static_cast<std::uint64_t>(number);
  }

  absl::Status Do(const std::vector<Fold>& folds) {
    MetricsSum sum(static_cast<std::size_t>(spec_.horizon), spec_.interval_levels);
    double mase_scale = 0;
    for (std::size_t i = 0; i < folds.size(); ++i) {
      FLEETCAST_ASSIGN_OR_RETURN(const TrainedModel trained,
                                 TrainFor(folds[i], static_cast<int>(i), folds.size()));
      if (i == 0) mase_scale = trained.model.mase_scale();
      FLEETCAST_RETURN_IF_ERROR(Judge(trained.model, folds[i], folds.size(), sum));
      members = trained.members;
      remarks = trained.remarks;
    }
    metrics = sum.Result(mase_scale);
    seconds /= static_cast<double>(folds.size());
    return absl::OkStatus();
  }

  Metrics metrics;
  std::vector<MemberShare> members;
  std::vector<Remark> remarks;
  std::vector<ScoredWindow> windows;
  double seconds = 0;

 private:
  // Where all targets of the fold's windows lie.
  [[nodiscard]] RowRange Targets(const Fold& fold) const {
    const auto horizon = static_cast<std::size_t>(spec_.horizon);
    return {fold.judged.begin, std::min(fold.judged.end + horizon - 1, series_.rows())};
  }

  absl::StatusOr<TrainedModel> TrainFor(const Fold& fold, int index, std::size_t folds) {
    const RowRange targets = Targets(fold);
    const auto rows = static_cast<double>(targets.end);
    const auto validation = static_cast<double>(fold.validation_rows);
    const SplitShares shares{.train = (static_cast<double>(targets.begin) - validation) / rows,
                             .validation = validation / rows};
    const auto begin = std::chrono::steady_clock::now();
    auto trained = Train(
        HeadOf(series_, targets.end), spec_, shares,
        [&](const EpochProgress& epoch) {
          return !progress_ || progress_({number_ + 1, request_.seeds, index + 1,
                                          static_cast<int>(folds), epoch});
        },
        request_.base);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    seconds += taken.count();
    return trained;
  }

  absl::Status Judge(const Model& model, const Fold& fold, std::size_t folds, MetricsSum& sum) {
    EvaluationWindows which;
    if (request_.origins > 0) {
      which.windows_at_most = std::max<std::size_t>(1, request_.origins / folds);
    }
    return model
        .Evaluate(series_, Targets(fold), which,
                  [&](const ScoredWindow& window) {
                    sum.Add(window);
                    if (number_ == 0) windows.push_back(window);
                  })
        .status();
  }

  const TimeSeries& series_;
  const BacktestRequest& request_;
  const int number_;
  const BacktestCallback& progress_;
  ModelSpec spec_;
};

absl::Status CheckRefit(const BacktestRequest& request) {
  if (request.seeds < 1) return InvalidField("seeds", "must be at least 1");
  // A model needs two windows to be judged on.
  if (request.refit_every != 1) return absl::OkStatus();
  return InvalidField("refit_every", "must be 0 or at least 2");
}

}  // namespace

absl::StatusOr<TrainedModel> TrainBacktestBase(const TimeSeries& series,
                                               const std::vector<BacktestRequest>& requests,
                                               const ProgressCallback& progress) {
  if (requests.empty()) return InvalidField("requests", "is empty");
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries rows, RowsOf(series, requests[0]));
  std::vector<BaseCircuit> circuits;
  circuits.reserve(requests.size());
  for (const BacktestRequest& request : requests) {
    circuits.push_back({request.spec.target_column, rows, request.spec});
  }
  return TrainBase(circuits, requests[0].spec, SharesOf(requests[0]), progress);
}

absl::StatusOr<BacktestResult> Backtest(const TimeSeries& series, const BacktestRequest& request,
                                        const BacktestCallback& progress) {
  FLEETCAST_RETURN_IF_ERROR(CheckRefit(request));
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries rows, RowsOf(series, request));
  FLEETCAST_ASSIGN_OR_RETURN(const std::size_t target,
                             ColumnIndex(rows, request.spec.target_column));
  const SplitRows split = SplitOf(rows.rows(), SharesOf(request));
  const double deviation = ReadingsDeviation(rows, target, split.train);
  const std::vector<Fold> folds =
      FoldsOf(split, static_cast<std::size_t>(request.spec.horizon), request.refit_every);
  const double share = 1.0 / request.seeds;
  BacktestResult result;
  result.trainings = static_cast<int>(folds.size());
  for (int seed = 0; seed < request.seeds; ++seed) {
    Run run(rows, request, seed, progress);
    FLEETCAST_RETURN_IF_ERROR(run.Do(folds));
    result.seconds += share * run.seconds;
    AddRun(run.metrics, deviation, share, result);
    AddMembers(run.members, share, result);
    result.remarks = std::move(run.remarks);
    if (seed == 0) result.windows = std::move(run.windows);
  }
  result.ratio_to_best_naive = Ratio(result);
  return result;
}

}  // namespace fleetcast::forecast
