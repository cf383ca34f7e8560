#include "common/forecast/training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/forecast/input_choice.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/training_record.h"

namespace fleetcast::forecast {
namespace {

// Less squared error than the repeat-last forecast by this share is a gain that will last.
constexpr double kClearGain = 0.02;
constexpr std::size_t kFewestTrainWindows = 10;
constexpr std::size_t kFewestJudgingWindows = 2;

absl::Status CheckWindowCount(const std::string& part, std::size_t windows, std::size_t fewest,
                              RowRange rows, const WindowRule& rule) {
  if (windows >= fewest) return absl::OkStatus();
  const std::size_t room = rows.end - rows.begin;
  const std::size_t needed =
      rule.horizon + fewest - 1 + (rows.begin < rule.input_rows ? rule.input_rows : 0);
  const bool too_few = room < needed;
  return Refused(
      absl::StatusCode::kFailedPrecondition, too_few ? "DATA_TOO_FEW_ROWS" : "DATA_NOT_FINITE",
      "the " + part + " part has " + std::to_string(room) + " rows and " + std::to_string(windows) +
          " complete windows of " + std::to_string(rule.input_rows) + " inputs and " +
          std::to_string(rule.horizon) + " targets; it needs " + std::to_string(fewest) +
          (too_few ? ": more rows, a shorter sequence_length or a shorter horizon would help"
                   : ": missing values leave too few; fill or shorten the gaps"),
      {{"part", part}, {"rows", std::to_string(room)}, {"windows", std::to_string(windows)}});
}

absl::StatusOr<Windows> FindWindows(const TimeSeries& series, const WindowRule& rule,
                                    const SplitRows& split) {
  Windows windows{.train = CompleteOrigins(series, rule, split.train),
                  .validation = CompleteOrigins(series, rule, split.validation),
                  .test = CompleteOrigins(series, rule, split.test)};
  FLEETCAST_RETURN_IF_ERROR(
      CheckWindowCount("training", windows.train.size(), kFewestTrainWindows, split.train, rule));
  FLEETCAST_RETURN_IF_ERROR(CheckWindowCount("validation", windows.validation.size(),
                                             kFewestJudgingWindows, split.validation, rule));
  FLEETCAST_RETURN_IF_ERROR(
      CheckWindowCount("test", windows.test.size(), kFewestJudgingWindows, split.test, rule));
  return windows;
}

// Some windows' forecasts p of changes z: sums over them.
struct ChangeSums {
  double forecast_squares = 0, products = 0, squares = 0;

  void Add(double forecast, double change) {
    forecast_squares += forecast * forecast;
    products += forecast * change;
    squares += change * change;
  }
  // Squared error against that of the forecast that repeats the last value.
  [[nodiscard]] bool BettersRepeatLast() const {
    return forecast_squares - 2 * products + squares < squares * (1 - kClearGain);
  }
  // The factor for the forecasts that has the least squared error.
  [[nodiscard]] double BestFactor() const {
    return forecast_squares > 0 ? products / forecast_squares : 0;
  }
};

using Quarters = std::array<ChangeSums, 4>;

Quarters SumQuarters(const Network& network, const InputTable& table,
                     const std::vector<std::size_t>& origins) {
  const auto horizon = static_cast<std::size_t>(network.shape().horizon);
  Quarters quarters;
  std::size_t window = 0;
  const auto add = [&](std::size_t origin, const float* outputs) {
    ChangeSums& quarter = quarters[window++ * quarters.size() / origins.size()];
    for (std::size_t step = 0; step < horizon; ++step) {
      quarter.Add(outputs[step], table.ChangeAt(origin, origin + 1 + step));
    }
  };
  VisitForecasts(network, table, origins, add, /*keep_going=*/nullptr);
  return quarters;
}

// A model that does not clearly better the repeat-last forecast in every quarter of the validation
// windows was lucky in the others. Such a sensor gets no more than the linear path that training
// started from, damped to what the worst quarter asks for. False if nothing was to be done.
bool FallBackIfUnclear(const Weights& start, const InputTable& table,
                       const std::vector<std::size_t>& origins, Network& network) {
  const Quarters trained = SumQuarters(network, table, origins);
  if (std::all_of(trained.begin(), trained.end(),
                  [](const ChangeSums& quarter) { return quarter.BettersRepeatLast(); })) {
    return false;
  }
  network.SetWeights(start);
  double factor = 1;
  for (const ChangeSums& quarter : SumQuarters(network, table, origins)) {
    factor = std::clamp(quarter.BestFactor(), 0.0, factor);
  }
  network.ScaleOutput(static_cast<float>(factor));
  return true;
}

// [interval levels, horizon]: of the validation windows' absolute errors, each in units of its
// window's difficulty (normalized split-conformal; Lei et al. 2018, section 5.2).
std::vector<std::vector<float>> ResidualQuantiles(const ModelSpec& spec, const Network& network,
                                                  const TimeSeries& series, std::size_t target,
                                                  const InputTable& table,
                                                  const std::vector<std::size_t>& origins) {
  const std::size_t horizon = static_cast<std::size_t>(spec.horizon);
  std::vector<std::vector<double>> errors(horizon);  // by step
  VisitForecasts(
      network, table, origins,
      [&](std::size_t origin, const float* outputs) {
        for (std::size_t step = 0; step < horizon; ++step) {
          errors[step].push_back(
              std::abs(series.at(origin + 1 + step, target) - table.InUnit(origin, outputs[step])) /
              table.Difficulty(origin));
        }
      },
      /*keep_going=*/nullptr);
  std::vector<std::vector<float>> quantiles(spec.interval_levels.size(),
                                            std::vector<float>(horizon));
  for (std::size_t step = 0; step < horizon; ++step) {
    for (std::size_t i = 0; i < spec.interval_levels.size(); ++i) {
      quantiles[i][step] =
          static_cast<float>(ConformalQuantile(errors[step], spec.interval_levels[i]));
    }
  }
  return quantiles;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Training>> Training::Prepare(const TrainingTask& task,
                                                            ProgressCallback progress) {
  const ModelSpec& spec = task.spec;
  const TimeSeries& series = task.series;
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(task.split));
  FLEETCAST_ASSIGN_OR_RETURN(auto step_seconds, RegularStep(series));
  const SplitRows split = SplitOf(series.rows(), task.split);
  InputLayout layout = LayoutOf(spec, step_seconds, split.train.end);
  // Windows that every choice of inputs can be judged on.
  layout.earlier_days = layout.other_columns = true;
  FLEETCAST_ASSIGN_OR_RETURN(auto columns, InputColumns(series, spec, layout));
  FLEETCAST_ASSIGN_OR_RETURN(auto windows, FindWindows(series, RuleOf(layout, columns), split));
  const std::size_t season =
      NaiveSeason(step_seconds, static_cast<std::size_t>(spec.horizon), split.train.end);
  FLEETCAST_ASSIGN_OR_RETURN(auto scaling,
                             FitScaling(series, columns, split.train, spec.horizon, season));

  Heartbeat heartbeat(std::move(progress), spec.epochs);
  heartbeat.StartEpoch(1);  // the choice of inputs counts to it
  FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts,
                             ChooseInputs({series, spec, layout, scaling, windows}, heartbeat));
  return std::make_unique<Training>(Prepared{.series = series,
                                             .split = split,
                                             .columns = std::move(columns),
                                             .windows = std::move(windows),
                                             .heartbeat = std::move(heartbeat),
                                             .parts = std::move(parts)});
}

Training::Training(Prepared prepared)
    : prepared_(std::move(prepared)),
      table_(prepared_.series, prepared_.columns, prepared_.parts.layout, prepared_.parts.scaling),
      start_(prepared_.parts.network.CopyWeights()),
      loop_(prepared_.parts.spec, table_, prepared_.windows, prepared_.parts.network,
            prepared_.heartbeat) {}

TrainerOptions Training::trainer_options() const {
  return {
      .dropout = spec().dropout, .learning_rate = spec().learning_rate, .seed = spec().seed + 1};
}

absl::StatusOr<TrainedModel> Training::Finish() {
  FLEETCAST_RETURN_IF_ERROR(loop_.status());
  loop_.RestoreBest();
  const TimeSeries& series = prepared_.series;
  const SplitRows& split = prepared_.split;
  const std::vector<std::size_t>& origins = prepared_.windows.validation;
  ModelParts& parts = prepared_.parts;
  const bool fell_back = FallBackIfUnclear(start_, table_, origins, parts.network);
  parts.residual_quantiles =
      ResidualQuantiles(parts.spec, parts.network, series, prepared_.columns[0], table_, origins);

  TrainedModel trained{.model = ModelBuilder::Build(std::move(parts)),
                       .validation = {},
                       .test = {},
                       .train_rows = split.train,
                       .validation_rows = split.validation,
                       .test_rows = split.test,
                       .best_epoch = fell_back ? 0 : loop_.best_epoch(),
                       .history = loop_.TakeHistory()};
  FLEETCAST_ASSIGN_OR_RETURN(trained.validation, trained.model.Evaluate(series, split.validation));
  FLEETCAST_ASSIGN_OR_RETURN(trained.test, trained.model.Evaluate(series, split.test));
  ModelBuilder::SetTrainingRecord(TrainingRecord(series, trained), trained.model);
  return trained;
}

}  // namespace fleetcast::forecast
