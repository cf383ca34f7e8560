// Training: preparation, members, their combination, intervals, judgement.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/forecast/members.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_spec.h"
#include "common/forecast/model_state.h"
#include "common/forecast/preparation.h"
#include "common/forecast/training_record.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kFewestTrainWindows = 10;
constexpr std::size_t kFewestJudgingWindows = 2;
// More windows than these tell a choice nothing new.
constexpr std::size_t kMostChoosingWindows = 4'096;
// Of the targets of a window that is learnt from so many must have a reading: one in eight.
constexpr std::size_t kTargetsPerReading = 8;
// So many equal readings, and at least a day of them, are a standstill; where more of the training
// rows stand still than this share, it is nothing unusual.
constexpr std::size_t kShortestStandstill = 24;
constexpr double kUsualStandstills = 0.1;
constexpr std::size_t kFewestMovingWindows = 20;
// A calendar is looked at where it takes so much of the regressions' error away: less, on a sensor
// that knows no calendar, is luck that does not last (ETTh1, rows before 11,520).
constexpr double kWorthACalendar = 0.02;

absl::Status CheckWindowCount(const std::string& part, std::size_t windows, std::size_t fewest,
                              RowRange rows, const InputLayout& layout) {
  if (windows >= fewest) return absl::OkStatus();
  const std::size_t room = rows.end - rows.begin;
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const std::size_t needed =
      horizon + fewest - 1 + (rows.begin < layout.input_rows() ? layout.input_rows() : 0);
  const bool too_few = room < needed;
  return Refused(
      absl::StatusCode::kFailedPrecondition, too_few ? "DATA_TOO_FEW_ROWS" : "DATA_NOT_FINITE",
      absl::StrCat("the ", part, " part has ", room, " rows and ", windows, " windows of ",
                   layout.input_rows(), " inputs and ", horizon,
                   " targets with enough readings; it needs ", fewest,
                   too_few
                       ? ": more rows, a shorter sequence_length or a shorter horizon would help"
                       : ": look for what stopped the sensor, or choose another target_column"),
      {{"part", part}, {"rows", absl::StrCat(room)}, {"windows", absl::StrCat(windows)}});
}

// The validation windows' first half chooses, the second, whose targets come after all of the
// first's where there are enough of them, calibrates.
void Halve(const std::vector<std::size_t>& validation, std::size_t horizon, Windows& windows) {
  const auto middle = validation.begin() + static_cast<std::ptrdiff_t>((validation.size() + 1) / 2);
  windows.choosing.assign(validation.begin(), middle);
  const auto apart = std::find_if(middle, validation.end(), [&](std::size_t origin) {
    return origin >= windows.choosing.back() + horizon;
  });
  windows.calibrating.assign(
      2 * (validation.end() - apart) >= validation.end() - middle ? apart : middle,
      validation.end());
}

// The validation windows whose targets and last inputs do not stand still. A standstill says
// nothing about which member forecasts well, unless standing still is what the sensor often does:
// then, and where hardly any window would remain, all are taken.
std::vector<std::size_t> Moving(const std::vector<std::size_t>& origins, const InputTable& table,
                                const Preparation& prepared, std::vector<Remark>& remarks) {
  const auto horizon = static_cast<std::size_t>(prepared.layout.horizon);
  const std::size_t shortest =
      std::max(kShortestStandstill, static_cast<std::size_t>(prepared.layout.season));
  std::vector<double> readings;
  readings.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) readings.push_back(table.Reading(row));
  const std::vector<bool> stands = FindStandstills(readings, shortest);
  const auto count = [&](std::size_t begin, std::size_t end) {
    return std::count(stands.begin() + static_cast<std::ptrdiff_t>(begin),
                      stands.begin() + static_cast<std::ptrdiff_t>(end), true);
  };
  const RowRange train = prepared.split.train, validation = prepared.split.validation;
  const auto rows = static_cast<double>(train.end - train.begin);
  if (static_cast<double>(count(train.begin, train.end)) > kUsualStandstills * rows) return origins;
  const std::size_t inputs = std::max(
      shortest, static_cast<std::size_t>(prepared.layout.segment * prepared.layout.segments));
  std::vector<std::size_t> moving;
  moving.reserve(origins.size());
  for (const std::size_t origin : origins) {
    const std::size_t end = origin + 1;
    if (count(end - std::min(end, inputs), end + horizon) == 0) moving.push_back(origin);
  }
  if (moving.size() == origins.size() || moving.size() < kFewestMovingWindows) return origins;
  const std::string& name = prepared.columns[0];
  remarks.push_back(
      {.kind = "STANDSTILL",
       .column = name,
       .count = count(validation.begin, validation.end),
       .text = absl::StrCat("column \"", name, "\" stands still for ",
                            count(validation.begin, validation.end),
                            " validation rows: ", origins.size() - moving.size(),
                            " windows over them do not count in choosing and calibrating")});
  return moving;
}

absl::StatusOr<Windows> FindWindows(const InputTable& table, Preparation& prepared) {
  const InputLayout& layout = prepared.layout;
  const SplitRows& split = prepared.split;
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const auto in = [&](RowRange part, std::size_t readings) {
    return UsableOrigins(table, part, layout.input_rows(), horizon, readings);
  };
  Windows windows{.train = in(split.train, 1 + (horizon - 1) / kTargetsPerReading),
                  .choosing = {},
                  .calibrating = {}};
  const std::vector<std::size_t> validation = in(split.validation, 1);
  FLEETCAST_RETURN_IF_ERROR(
      CheckWindowCount("training", windows.train.size(), kFewestTrainWindows, split.train, layout));
  FLEETCAST_RETURN_IF_ERROR(CheckWindowCount("validation", validation.size(), kFewestJudgingWindows,
                                             split.validation, layout));
  FLEETCAST_RETURN_IF_ERROR(CheckWindowCount("test", in(split.test, 1).size(),
                                             kFewestJudgingWindows, split.test, layout));
  Halve(Moving(validation, table, prepared, prepared.remarks), horizon, windows);
  windows.choosing = Thin(windows.choosing, kMostChoosingWindows);
  windows.calibrating = Thin(windows.calibrating, kMostChoosingWindows);
  return windows;
}

// One for each interval level (normalized split-conformal; Lei et al. 2018, section 5.2).
std::vector<IntervalOffsets> FitIntervals(const ModelParts& parts, const InputTable& table,
                                          const std::vector<std::size_t>& origins) {
  const auto horizon = static_cast<std::size_t>(parts.spec.horizon);
  std::vector<std::vector<double>> errors(horizon);  // by step, in units of difficulty
  VisitForecasts(
      parts.network, table, origins,
      [&](std::size_t origin, const float* outputs) {
        for (std::size_t step = 0; step < horizon; ++step) {
          const double actual = table.Reading(origin + 1 + step);
          if (!std::isfinite(actual)) continue;
          const double forecast =
              ValueOf(parts, table, origin, step + 1, static_cast<double>(outputs[step]));
          errors[step].push_back((actual - forecast) / table.Difficulty(origin));
        }
      },
      /*keep_going=*/nullptr);
  std::vector<double> all;
  for (const std::vector<double>& step : errors) all.insert(all.end(), step.begin(), step.end());
  std::vector<IntervalOffsets> intervals(parts.spec.interval_levels.size());
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    intervals[i].lower.reserve(horizon);
    intervals[i].upper.reserve(horizon);
    for (std::vector<double>& step : errors) {
      // A step at which the sensor never records, at night say, has the spread of all.
      const IntervalEnds ends =
          ConformalEnds(step.empty() ? all : step, parts.spec.interval_levels[i]);
      intervals[i].lower.push_back(static_cast<float>(ends.lower));
      intervals[i].upper.push_back(static_cast<float>(ends.upper));
    }
  }
  return intervals;
}

void RemarkUnusedColumns(const Preparation& prepared, bool used, std::vector<Remark>& remarks) {
  if (used || prepared.columns.size() < 2) return;
  remarks.push_back({.kind = "COLUMNS_UNUSED",
                     .column = "",
                     .count = static_cast<std::int64_t>(prepared.columns.size()) - 1,
                     .text = absl::StrCat("the ", prepared.columns.size() - 1,
                                          " other feature columns do not help on the validation "
                                          "part and have no influence")});
}

// Of columns whose levels are inputs.
void RemarkClipped(const TimeSeries& series, const Preparation& prepared,
                   std::vector<Remark>& remarks) {
  for (std::size_t i = 0; i < prepared.columns.size(); ++i) {
    std::vector<double> values = ColumnValues(series, prepared.indices[i], prepared.split.train);
    MaskOutliers(prepared.plausible[i], values);
    const ColumnScale& scale = prepared.scaling.levels[i];
    const auto clipped = std::count_if(values.begin(), values.end(), [&](double value) {
      return std::abs(value - scale.mean) > kLargestLevel * scale.scale;
    });
    if (clipped == 0) continue;
    remarks.push_back({.kind = "CLIPPED",
                       .column = prepared.columns[i],
                       .count = clipped,
                       .text = absl::StrCat("column \"", prepared.columns[i], "\": ", clipped,
                                            " training values are more than ", kLargestLevel,
                                            " standard deviations from their mean, ", scale.mean,
                                            ", and count as that far from it")});
  }
}

// What is trained on. Members refer into it.
struct TrainingView {
  Preparation prepared;
  InputTable table;
  Windows windows;
};

absl::StatusOr<TrainingView> ViewOf(const TimeSeries& series, const ModelSpec& spec,
                                    const SplitShares& shares, bool by_calendar) {
  FLEETCAST_ASSIGN_OR_RETURN(Preparation prepared, Prepare(series, spec, shares, by_calendar));
  InputTable table(series, prepared.indices, prepared.plausible, prepared.layout, prepared.scaling,
                   prepared.calendar);
  FLEETCAST_ASSIGN_OR_RETURN(Windows windows, FindWindows(table, prepared));
  return TrainingView{std::move(prepared), std::move(table), std::move(windows)};
}

// With the calendar where the regressions do better with it on the windows that choose.
absl::StatusOr<TrainingView> BestView(const TimeSeries& series, const ModelSpec& spec,
                                      const SplitShares& shares, Heartbeat& heartbeat) {
  FLEETCAST_ASSIGN_OR_RETURN(auto plain, ViewOf(series, spec, shares, /*by_calendar=*/false));
  if (!spec.calendar) return plain;
  FLEETCAST_ASSIGN_OR_RETURN(auto by_calendar, ViewOf(series, spec, shares, /*by_calendar=*/true));
  const auto error = [&](const TrainingView& view) {
    return Members(spec, view.prepared, view.table, view.windows).RegressionError(heartbeat);
  };
  FLEETCAST_ASSIGN_OR_RETURN(const double without, error(plain));
  FLEETCAST_ASSIGN_OR_RETURN(const double with, error(by_calendar));
  const bool helps = with < (1 - kWorthACalendar) * without;
  if (by_calendar.prepared.calendar && helps) return by_calendar;
  plain.prepared.remarks.push_back(
      {.kind = "CALENDAR_UNUSED",
       .column = "",
       .count = 1,
       .text = by_calendar.prepared.calendar
                   ? absl::StrCat("the plant's calendar helps little on the validation part (MAE ",
                                  with, " with it, ", without, " without) and has no influence")
                   : "rows that do not divide a day evenly cannot be held against a calendar"});
  return plain;
}

absl::StatusOr<TrainedModel> TrainWith(const TimeSeries& series, const ModelSpec& spec,
                                       const SplitShares& shares,
                                       const ProgressCallback& progress) {
  FLEETCAST_RETURN_IF_ERROR(ValidateSpec(spec));
  FLEETCAST_RETURN_IF_ERROR(ValidateSplit(shares));
  Heartbeat heartbeat(progress, spec.epochs);
  heartbeat.StartEpoch(1);  // what comes before counts to it
  FLEETCAST_ASSIGN_OR_RETURN(TrainingView view, BestView(series, spec, shares, heartbeat));
  Preparation& prepared = view.prepared;
  const Windows& windows = view.windows;
  Members members(spec, prepared, view.table, windows);
  FLEETCAST_RETURN_IF_ERROR(members.Train(heartbeat));

  std::vector<Remark> remarks = std::move(prepared.remarks);
  RemarkUnusedColumns(prepared, members.uses_columns(), remarks);
  if (members.uses_columns()) RemarkClipped(series, prepared, remarks);
  InputLayout layout = prepared.layout;
  Network network = members.Combine(layout);
  const std::size_t used = layout.level_rows > 0 ? prepared.columns.size() : 1;
  ModelParts parts{.spec = spec,
                   .columns = {prepared.columns.begin(),
                               prepared.columns.begin() + static_cast<std::ptrdiff_t>(used)},
                   .plausible = {prepared.plausible.begin(),
                                 prepared.plausible.begin() + static_cast<std::ptrdiff_t>(used)},
                   .layout = layout,
                   .scaling = prepared.scaling,
                   .calendar = prepared.calendar,
                   .intervals = {},
                   .network = std::move(network),
                   .training_record = "{}"};
  parts.scaling.levels.resize(used);
  FLEETCAST_ASSIGN_OR_RETURN(const InputTable final_table, TableOf(series, parts));
  parts.intervals = FitIntervals(parts, final_table, windows.calibrating);
  const SplitRows& split = prepared.split;
  TrainedModel trained{.model = ModelBuilder::Build(std::move(parts)),
                       .validation = {},
                       .test = {},
                       .train_rows = split.train,
                       .validation_rows = split.validation,
                       .test_rows = split.test,
                       .uses_calendar = prepared.calendar.has_value(),
                       .members = members.shares(),
                       .remarks = std::move(remarks),
                       .best_epoch = members.lstm().best_epoch,
                       .history = members.lstm().history};
  FLEETCAST_ASSIGN_OR_RETURN(trained.validation, trained.model.Evaluate(series, split.validation));
  FLEETCAST_ASSIGN_OR_RETURN(trained.test, trained.model.Evaluate(series, split.test));
  ModelBuilder::SetTrainingRecord(TrainingRecord(series, trained), trained.model);
  return trained;
}

}  // namespace

absl::StatusOr<TrainedModel> Train(const TimeSeries& series, const ModelSpec& spec,
                                   const SplitShares& split, const ProgressCallback& progress) {
  return CatchTorchErrors("training", [&] { return TrainWith(series, spec, split, progress); });
}

}  // namespace fleetcast::forecast
