// The training loop: epochs over shuffled windows, validation after each, the best weights kept.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "common/forecast/forecast.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/model_state.h"

namespace fleetcast::forecast {
namespace {

// Epochs without a better validation loss before training ends or the other channels are opened.
constexpr int kPatience = 3;
// After every so many epochs without one the learning rate is halved.
constexpr int kRateHalvingPatience = 2;
// The other channels must better the validation loss by this share to be kept: they overfit easily.
constexpr double kWorthwhileGain = 0.005;
// An epoch sees at most this many windows, drawn anew each time; the rest waits for later epochs.
constexpr std::size_t kMostWindowsPerEpoch = 4'096;
constexpr std::size_t kLinearBatch = 512;
// In units of the target's usual change within the horizon: nothing that learns is this far off.
constexpr double kDivergedLoss = 25;
constexpr auto kProgressPeriod = std::chrono::seconds(1);
constexpr std::size_t kFewestTrainWindows = 10;
constexpr std::size_t kFewestJudgingWindows = 2;

struct Windows {
  std::vector<std::size_t> train, validation, test;  // origins
};

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

absl::Status Diverged(int epoch, double loss) {
  return Refused(absl::StatusCode::kAborted, "TRAINING_DIVERGED",
                 "training diverged in epoch " + std::to_string(epoch) + " (loss " +
                     std::to_string(loss) + "); lower learning_rate",
                 {{"epoch", std::to_string(epoch)}, {"loss", std::to_string(loss)}});
}

// Tells the caller how far training is, and whether to go on.
class Heartbeat {
 public:
  Heartbeat(const ProgressCallback& callback, int epochs) : callback_(callback) {
    progress_.epochs = epochs;
  }

  void StartEpoch(int epoch) {
    progress_.epoch = epoch;
    progress_.training_loss = 0;
  }
  void SetLosses(double training, double validation) {
    progress_.training_loss = training;
    progress_.validation_loss = validation;
  }
  void SetTrainingLoss(double loss) { progress_.training_loss = loss; }
  [[nodiscard]] const EpochProgress& progress() const { return progress_; }

  // Calls back if the last call is long enough ago.
  bool Beat() { return std::chrono::steady_clock::now() - last_ < kProgressPeriod || Report(); }
  bool Report() {
    if (callback_ && !cancelled_) cancelled_ = !callback_(progress_);
    last_ = std::chrono::steady_clock::now();
    return !cancelled_;
  }
  [[nodiscard]] absl::Status Cancelled() const {
    return Refused(absl::StatusCode::kCancelled, "TRAINING_CANCELLED",
                   "training was cancelled in epoch " + std::to_string(progress_.epoch),
                   {{"epoch", std::to_string(progress_.epoch)}});
  }

 private:
  const ProgressCallback& callback_;
  EpochProgress progress_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  bool cancelled_ = false;
};

// One training run: owns the order of windows and the best weights so far.
class TrainingLoop {
 public:
  TrainingLoop(const ModelSpec& spec, const InputTable& table, const Windows& windows,
               Network& network, const ProgressCallback& progress)
      : spec_(spec),
        table_(table),
        windows_(windows),
        network_(network),
        trainer_(
            network,
            {.dropout = spec.dropout, .learning_rate = spec.learning_rate, .seed = spec.seed + 1}),
        heartbeat_(progress, spec.epochs),
        order_(windows.train),
        shuffler_(spec.seed + 2),
        rate_(spec.learning_rate) {}

  // Leaves the best weights in the network.
  absl::Status Run() {
    heartbeat_.StartEpoch(1);
    FLEETCAST_RETURN_IF_ERROR(FitLinearPath());
    FLEETCAST_ASSIGN_OR_RETURN(best_loss_, ValidationLoss(1));
    best_weights_ = network_.CopyWeights();
    for (int epoch = 1; epoch <= spec_.epochs; ++epoch) {
      FLEETCAST_ASSIGN_OR_RETURN(double loss, RunEpoch(epoch));
      if (!KeepOn(epoch, loss)) break;
    }
    network_.SetWeights(best_weights_);
    return absl::OkStatus();
  }

  [[nodiscard]] int best_epoch() const { return best_epoch_; }
  [[nodiscard]] std::vector<EpochProgress> TakeHistory() { return std::move(history_); }

 private:
  absl::Status FitLinearPath() {
    for (std::size_t begin = 0; begin < order_.size(); begin += kLinearBatch) {
      const std::size_t size = std::min(kLinearBatch, order_.size() - begin);
      trainer_.AddToLinearFit(table_.MakeBatch(order_.data() + begin, size, true));
      if (!heartbeat_.Beat()) return heartbeat_.Cancelled();
    }
    trainer_.FitLinear();
    return absl::OkStatus();
  }

  // Returns the validation loss.
  absl::StatusOr<double> RunEpoch(int epoch) {
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
    const double training_loss = loss_sum / static_cast<double>(count);
    if (training_loss > kDivergedLoss) return Diverged(epoch, training_loss);
    FLEETCAST_ASSIGN_OR_RETURN(double validation_loss, ValidationLoss(epoch));
    heartbeat_.SetLosses(training_loss, validation_loss);
    history_.push_back(heartbeat_.progress());
    if (!heartbeat_.Report()) return heartbeat_.Cancelled();
    return validation_loss;
  }

  absl::StatusOr<double> ValidationLoss(int epoch) {
    const std::size_t horizon = static_cast<std::size_t>(spec_.horizon);
    double sum = 0;
    bool cancelled = false;
    const auto add = [&](std::size_t origin, const float* outputs) {
      for (std::size_t step = 0; step < horizon; ++step) {
        sum += std::abs(table_.ChangeAt(origin, origin + 1 + step) - outputs[step]);
      }
    };
    VisitForecasts(network_, table_, windows_.validation, add,
                   [&] { return !(cancelled = !heartbeat_.Beat()); });
    if (cancelled) return heartbeat_.Cancelled();
    const double loss = sum / static_cast<double>(windows_.validation.size() * horizon);
    if (!std::isfinite(loss)) return Diverged(epoch, loss);
    return loss;
  }

  // After an epoch: remembers the best weights, lowers the learning rate, opens the other channels
  // once the network's own have given what they can. False ends training.
  bool KeepOn(int epoch, double loss) {
    if (loss < best_loss_ * (1 - gain_needed_)) {
      best_loss_ = loss;
      best_weights_ = network_.CopyWeights();
      best_epoch_ = epoch;
      gain_needed_ = 0;
      epochs_since_best_ = 0;
      return true;
    }
    ++epochs_since_best_;
    if (epochs_since_best_ >= kPatience) {
      if (all_channels_open_) return false;
      OpenAllChannels();
    } else if (epochs_since_best_ % kRateHalvingPatience == 0) {
      trainer_.SetLearningRate(rate_ /= 2);
    }
    return true;
  }

  void OpenAllChannels() {
    all_channels_open_ = true;
    network_.SetWeights(best_weights_);
    trainer_.OpenAllChannels();
    trainer_.ResetMoments();
    trainer_.SetLearningRate(rate_ = spec_.learning_rate / 2);
    gain_needed_ = kWorthwhileGain;
    epochs_since_best_ = 0;
  }

  const ModelSpec& spec_;
  const InputTable& table_;
  const Windows& windows_;
  Network& network_;
  NetworkTrainer trainer_;
  Heartbeat heartbeat_;
  std::vector<std::size_t> order_;
  std::mt19937_64 shuffler_;
  double rate_;

  double best_loss_ = 0;
  Weights best_weights_;
  int best_epoch_ = 0;
  int epochs_since_best_ = 0;
  bool all_channels_open_ = false;
  double gain_needed_ = 0;
  std::vector<EpochProgress> history_;
};

// [interval levels, horizon], from the validation windows.
std::vector<std::vector<float>> HalfWidths(const ModelSpec& spec, const Network& network,
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
              std::abs(series.at(origin + 1 + step, target) - table.InUnit(origin, outputs[step])));
        }
      },
      /*keep_going=*/nullptr);
  std::vector<std::vector<float>> half_widths(spec.interval_levels.size(),
                                              std::vector<float>(horizon));
  for (std::size_t step = 0; step < horizon; ++step) {
    for (std::size_t i = 0; i < spec.interval_levels.size(); ++i) {
      half_widths[i][step] =
          static_cast<float>(ConformalQuantile(errors[step], spec.interval_levels[i]));
    }
  }
  return half_widths;
}

absl::StatusOr<TrainedModel> TrainChecked(const TimeSeries& series, const ModelSpec& spec,
                                          const SplitShares& shares,
                                          const ProgressCallback& progress) {
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(shares));
  FLEETCAST_ASSIGN_OR_RETURN(auto columns, InputColumns(series, spec));
  FLEETCAST_ASSIGN_OR_RETURN(auto step_seconds, RegularStep(series));
  const SplitRows split = SplitOf(series.rows(), shares);
  const InputLayout layout = LayoutOf(spec, step_seconds, split.train.end);
  FLEETCAST_ASSIGN_OR_RETURN(auto windows, FindWindows(series, RuleOf(layout, columns), split));
  const std::size_t season =
      NaiveSeason(step_seconds, static_cast<std::size_t>(spec.horizon), split.train.end);
  FLEETCAST_ASSIGN_OR_RETURN(auto scaling,
                             FitScaling(series, columns, split.train, spec.horizon, season));

  ModelParts parts{spec, layout, scaling, {}, Network(layout.Shape(spec), spec.seed)};
  const InputTable table(series, columns, layout, scaling);
  TrainingLoop loop(spec, table, windows, parts.network, progress);
  FLEETCAST_RETURN_IF_ERROR(loop.Run());
  parts.half_widths =
      HalfWidths(spec, parts.network, series, columns[0], table, windows.validation);

  TrainedModel trained{.model = ModelBuilder::Build(std::move(parts)),
                       .validation = {},
                       .test = {},
                       .train_rows = split.train,
                       .validation_rows = split.validation,
                       .test_rows = split.test,
                       .best_epoch = loop.best_epoch(),
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
