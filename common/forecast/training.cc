// The training loop: epochs over shuffled windows, validation after each, the best weights kept.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "common/forecast/forecast.h"
#include "common/forecast/input_choice.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/model_state.h"

namespace fleetcast::forecast {
namespace {

// Epochs without a better validation loss before training ends.
constexpr int kPatience = 3;
// After every so many epochs without one the learning rate is halved.
constexpr int kRateHalvingPatience = 2;
// An epoch sees at most this many windows, drawn anew each time; the rest waits for later epochs.
constexpr std::size_t kMostWindowsPerEpoch = 4'096;
// Less squared error than the repeat-last forecast by this share is a gain that will last.
constexpr double kClearGain = 0.02;
// In units of the target's usual change within the horizon: nothing that learns is this far off.
constexpr double kDivergedLoss = 25;
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

class TrainingLoop {
 public:
  TrainingLoop(const ModelSpec& spec, const InputTable& table, const Windows& windows,
               Network& network, Heartbeat& heartbeat)
      : spec_(spec),
        table_(table),
        windows_(windows),
        network_(network),
        trainer_(
            network,
            {.dropout = spec.dropout, .learning_rate = spec.learning_rate, .seed = spec.seed + 1}),
        heartbeat_(heartbeat),
        order_(windows.train),
        shuffler_(spec.seed + 2),
        rate_(spec.learning_rate) {}

  // Leaves the best weights in the network.
  absl::Status Run() {
    FLEETCAST_ASSIGN_OR_RETURN(best_loss_, ValidationLoss(1));
    best_weights_ = network_.CopyWeights();
    for (int epoch = 1; epoch <= spec_.epochs; ++epoch) {
      FLEETCAST_RETURN_IF_ERROR(RunEpoch(epoch));
      FLEETCAST_ASSIGN_OR_RETURN(const bool keep_on, JudgeEpoch(epoch));
      if (!keep_on) break;
    }
    network_.SetWeights(best_weights_);
    return absl::OkStatus();
  }

  [[nodiscard]] int best_epoch() const { return best_epoch_; }
  [[nodiscard]] std::vector<EpochProgress> TakeHistory() { return std::move(history_); }

 private:
  absl::Status RunEpoch(int epoch) {
    heartbeat_.StartEpoch(epoch);
    std::shuffle(order_.begin(), order_.end(), shuffler_);
    const std::size_t count = std::min(order_.size(), kMostWindowsPerEpoch);
    const std::size_t batch_size = static_cast<std::size_t>(spec_.batch_size);
    double loss_sum = 0;
    for (std::size_t begin = 0; begin < count; begin += batch_size) {
      const std::size_t size = std::min(batch_size, count - begin);
      const double loss = trainer_.Step(table_.MakeBatch(order_.data() + begin, size, true));
      if (!std::isfinite(loss)) return Diverged(epoch, loss);
      loss_sum += loss * static_cast<double>(size);
      heartbeat_.SetTrainingLoss(loss_sum / static_cast<double>(begin + size));
      if (!heartbeat_.Beat()) return heartbeat_.Cancelled();
    }
    training_loss_ = loss_sum / static_cast<double>(count);
    return training_loss_ > kDivergedLoss ? Diverged(epoch, training_loss_) : absl::OkStatus();
  }

  absl::StatusOr<double> ValidationLoss(int epoch) {
    FLEETCAST_ASSIGN_OR_RETURN(const Losses losses,
                               LossesOver(windows_.validation, network_, table_, heartbeat_));
    if (!std::isfinite(losses.all())) return Diverged(epoch, losses.all());
    return losses.all();
  }

  // Judges the average of the weights, remembers it if it is the best so far, else lowers the
  // learning rate. False ends training.
  absl::StatusOr<bool> JudgeEpoch(int epoch) {
    trainer_.SwapAverage();
    FLEETCAST_ASSIGN_OR_RETURN(const double loss, ValidationLoss(epoch));
    const bool best = loss < best_loss_;
    if (best) {
      best_loss_ = loss;
      best_weights_ = network_.CopyWeights();
      best_epoch_ = epoch;
    }
    trainer_.SwapAverage();
    heartbeat_.SetLosses(training_loss_, loss);
    history_.push_back(heartbeat_.progress());
    if (!heartbeat_.Report()) return heartbeat_.Cancelled();
    epochs_since_best_ = best ? 0 : epochs_since_best_ + 1;
    if (epochs_since_best_ == kRateHalvingPatience) trainer_.SetLearningRate(rate_ /= 2);
    return epochs_since_best_ < kPatience;
  }

  const ModelSpec& spec_;
  const InputTable& table_;
  const Windows& windows_;
  Network& network_;
  NetworkTrainer trainer_;
  Heartbeat& heartbeat_;
  std::vector<std::size_t> order_;
  std::mt19937_64 shuffler_;
  double rate_;

  double training_loss_ = 0;
  double best_loss_ = 0;
  Weights best_weights_;
  int best_epoch_ = 0;
  int epochs_since_best_ = 0;
  std::vector<EpochProgress> history_;
};

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

absl::StatusOr<TrainedModel> TrainChecked(const TimeSeries& series, const ModelSpec& spec,
                                          const SplitShares& shares,
                                          const ProgressCallback& progress) {
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(shares));
  FLEETCAST_ASSIGN_OR_RETURN(auto step_seconds, RegularStep(series));
  const SplitRows split = SplitOf(series.rows(), shares);
  InputLayout layout = LayoutOf(spec, step_seconds, split.train.end);
  // Windows that every choice of inputs can be judged on.
  layout.earlier_days = layout.other_columns = true;
  FLEETCAST_ASSIGN_OR_RETURN(auto columns, InputColumns(series, spec, layout));
  FLEETCAST_ASSIGN_OR_RETURN(auto windows, FindWindows(series, RuleOf(layout, columns), split));
  const std::size_t season =
      NaiveSeason(step_seconds, static_cast<std::size_t>(spec.horizon), split.train.end);
  FLEETCAST_ASSIGN_OR_RETURN(auto scaling,
                             FitScaling(series, columns, split.train, spec.horizon, season));

  Heartbeat heartbeat(progress, spec.epochs);
  heartbeat.StartEpoch(1);  // the choice of inputs counts to it
  FLEETCAST_ASSIGN_OR_RETURN(ModelParts parts,
                             ChooseInputs({series, spec, layout, scaling, windows}, heartbeat));
  const InputTable table(series, columns, parts.layout, scaling);
  const Weights start = parts.network.CopyWeights();
  TrainingLoop loop(spec, table, windows, parts.network, heartbeat);
  FLEETCAST_RETURN_IF_ERROR(loop.Run());
  const bool fell_back = FallBackIfUnclear(start, table, windows.validation, parts.network);
  parts.residual_quantiles =
      ResidualQuantiles(spec, parts.network, series, columns[0], table, windows.validation);

  TrainedModel trained{.model = ModelBuilder::Build(std::move(parts)),
                       .validation = {},
                       .test = {},
                       .train_rows = split.train,
                       .validation_rows = split.validation,
                       .test_rows = split.test,
                       .best_epoch = fell_back ? 0 : loop.best_epoch(),
                       .history = loop.TakeHistory()};
  FLEETCAST_ASSIGN_OR_RETURN(trained.validation, trained.model.Evaluate(series, split.validation));
  FLEETCAST_ASSIGN_OR_RETURN(trained.test, trained.model.Evaluate(series, split.test));
  return trained;
}

}  // namespace

absl::StatusOr<TrainedModel> Train(const TimeSeries& series, const ModelSpec& spec,
                                   const SplitShares& split, const ProgressCallback& progress) {
  return CatchTorchErrors("training", [&] { return TrainChecked(series, spec, split, progress); });
}

}  // namespace fleetcast::forecast
