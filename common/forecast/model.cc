#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/forecast/filling.h"
#include "common/forecast/forecast.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_state.h"
#include "common/forecast/preparation.h"
#include "common/forecast/remarks.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kPredictionBatch = 256;

absl::Status CheckStep(const TimeSeries& series, std::size_t first_row, const InputLayout& layout) {
  if (series.rows() < first_row + 2) return absl::OkStatus();  // one row has no step
  FLEETCAST_ASSIGN_OR_RETURN(std::int64_t step, RegularStep(series, first_row));
  if (step == layout.step_seconds) return absl::OkStatus();
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_IRREGULAR_STEP",
                 "rows are " + std::to_string(step) +
                     " s apart; the model was trained on steps of " +
                     std::to_string(layout.step_seconds) + " s",
                 {{"step_seconds", std::to_string(step)},
                  {"trained_step_seconds", std::to_string(layout.step_seconds)}});
}

// The rows from `first_row` on.
TimeSeries Tail(const TimeSeries& series, std::size_t first_row) {
  TimeSeries tail;
  tail.columns = series.columns;
  tail.unix_seconds.assign(series.unix_seconds.begin() + static_cast<std::ptrdiff_t>(first_row),
                           series.unix_seconds.end());
  tail.values.assign(
      series.values.begin() + static_cast<std::ptrdiff_t>(first_row * series.columns.size()),
      series.values.end());
  return tail;
}

double WithinBounds(const ModelSpec& spec, double value) {
  if (spec.minimum) value = std::max(value, *spec.minimum);
  if (spec.maximum) value = std::min(value, *spec.maximum);
  return value;
}

absl::Status CheckReadings(const TimeSeries& inputs, const ModelParts& parts,
                           const InputTable& table) {
  const std::size_t rows = inputs.rows();
  if (table.CanForecastFrom(rows - 1)) return absl::OkStatus();
  const auto spread = std::min(rows, static_cast<std::size_t>(parts.layout.spread_rows()));
  const std::size_t found = table.ReadingsBefore(rows) - table.ReadingsBefore(rows - spread);
  const std::string& name = parts.columns[0];
  const std::string time = TimeText(inputs.unix_seconds.back());
  return Refused(absl::StatusCode::kFailedPrecondition, "DATA_NOT_FINITE",
                 absl::StrCat("column \"", name, "\" has ", found, " readings in the ", spread,
                              " rows up to ", time, "; a forecast needs ",
                              parts.layout.fewest_readings, " there and one in the last ",
                              kShortGap + 1, ": look for what stopped the sensor"),
                 {{"column", name},
                  {"time", time},
                  {"readings", std::to_string(found)},
                  {"needed", std::to_string(parts.layout.fewest_readings)}});
}

ForecastResult ResultOf(const ModelParts& parts, const InputTable& table, const TimeSeries& inputs,
                        const std::vector<float>& outputs) {
  const std::size_t origin = inputs.rows() - 1;
  const double difficulty = table.Difficulty(origin);
  ForecastResult result;
  result.issue_unix_seconds = inputs.unix_seconds[origin];
  for (std::size_t step = 0; step < outputs.size(); ++step) {
    result.unix_seconds.push_back(result.issue_unix_seconds +
                                  parts.layout.step_seconds * static_cast<std::int64_t>(step + 1));
    result.values.push_back(
        ValueOf(parts, table, origin, step + 1, static_cast<double>(outputs[step])));
  }
  for (std::size_t i = 0; i < parts.intervals.size(); ++i) {
    Interval interval{.level = parts.spec.interval_levels[i], .lower = {}, .upper = {}};
    for (std::size_t step = 0; step < outputs.size(); ++step) {
      const IntervalOffsets& offsets = parts.intervals[i];
      const auto end = [&](float offset) {
        return WithinBounds(parts.spec,
                            result.values[step] + static_cast<double>(offset) * difficulty);
      };
      interval.lower.push_back(end(offsets.lower[step]));
      interval.upper.push_back(end(offsets.upper[step]));
    }
    result.intervals.push_back(std::move(interval));
  }
  result.remarks = RemarksOn(inputs, parts, table, result.values);
  return result;
}

absl::StatusOr<ForecastResult> ForecastWith(const ModelParts& parts, const TimeSeries& history) {
  const std::size_t needed = parts.layout.input_rows();
  if (history.rows() < needed) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "a forecast needs the last " + std::to_string(needed) + " rows; there are " +
                       std::to_string(history.rows()),
                   {{"rows", std::to_string(history.rows())}, {"needed", std::to_string(needed)}});
  }
  const std::size_t first_row = history.rows() - needed;
  FLEETCAST_RETURN_IF_ERROR(CheckStep(history, first_row, parts.layout));
  const TimeSeries inputs = Tail(history, first_row);
  FLEETCAST_ASSIGN_OR_RETURN(const InputTable table, TableOf(inputs, parts));
  FLEETCAST_RETURN_IF_ERROR(CheckReadings(inputs, parts, table));
  const std::size_t origin = needed - 1;
  return ResultOf(parts, table, inputs, parts.network.Predict(table.MakeBatch(&origin, 1)));
}

absl::Status CheckPart(const TimeSeries& series, RowRange part) {
  if (part.begin <= part.end && part.end <= series.rows()) return absl::OkStatus();
  return Refused(absl::StatusCode::kInvalidArgument, "ROW_RANGE_INVALID",
                 "rows [" + std::to_string(part.begin) + ", " + std::to_string(part.end) +
                     ") do not lie within the " + std::to_string(series.rows()) + " rows given",
                 {{"begin", std::to_string(part.begin)},
                  {"end", std::to_string(part.end)},
                  {"rows", std::to_string(series.rows())}});
}

// The readings that are scored: what `windows` asks for too.
absl::StatusOr<std::vector<double>> ScoredValues(const TimeSeries& series, const ModelParts& parts,
                                                 const EvaluationWindows& windows,
                                                 const InputTable& table) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::size_t target, ColumnIndex(series, parts.columns[0]));
  std::vector<double> values = ColumnValues(series, target);
  MaskOutliers({.lowest = windows.lowest, .highest = windows.highest, .jump = windows.jump},
               values);
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!std::isfinite(table.Reading(row))) values[row] = table.Reading(row);
  }
  return values;
}

// Origins of the windows that are scored: see EvaluationWindows.
std::vector<std::size_t> ScoredOrigins(const ModelParts& parts, const InputTable& table,
                                       const std::vector<double>& scored, RowRange part,
                                       const EvaluationWindows& windows) {
  const std::size_t input_rows =
      std::max({parts.layout.input_rows(), windows.input_rows_at_least, windows.spread_rows});
  const auto horizon = static_cast<std::size_t>(parts.layout.horizon);
  std::vector<std::size_t> origins;
  for (const std::size_t origin : UsableOrigins(table, part, input_rows, horizon, 1)) {
    const std::size_t end = origin + 1;
    const std::size_t readings =
        table.ReadingsBefore(end) - table.ReadingsBefore(end - windows.spread_rows);
    const auto targets = scored.begin() + static_cast<std::ptrdiff_t>(end);
    const bool any = std::any_of(targets, targets + static_cast<std::ptrdiff_t>(horizon),
                                 [](double value) { return std::isfinite(value); });
    if (any && std::isfinite(scored[origin]) && readings >= windows.readings_at_least) {
      origins.push_back(origin);
    }
  }
  return windows.windows_at_most > 0 ? Thin(origins, windows.windows_at_most) : origins;
}

ScoredWindow ScoreWindow(const ModelParts& parts, const InputTable& table,
                         const std::vector<double>& scored, const std::vector<double>& seasonal,
                         std::size_t origin, const float* outputs) {
  const double difficulty = table.Difficulty(origin);
  const auto first = scored.begin() + static_cast<std::ptrdiff_t>(origin + 1);
  ScoredWindow window{.issue_unix_seconds = 0,
                      .last_value = table.LastValue(origin),
                      .forecast = {},
                      .actual = {first, first + static_cast<std::ptrdiff_t>(seasonal.size())},
                      .seasonal = seasonal,
                      .intervals = {}};
  for (std::size_t step = 0; step < seasonal.size(); ++step) {
    window.forecast.push_back(
        ValueOf(parts, table, origin, step + 1, static_cast<double>(outputs[step])));
  }
  for (std::size_t i = 0; i < parts.intervals.size(); ++i) {
    Interval& interval = window.intervals.emplace_back();
    interval.level = parts.spec.interval_levels[i];
    for (std::size_t step = 0; step < seasonal.size(); ++step) {
      const auto end = [&](const std::vector<float>& offsets) {
        return WithinBounds(
            parts.spec, window.forecast[step] + static_cast<double>(offsets[step]) * difficulty);
      };
      interval.lower.push_back(end(parts.intervals[i].lower));
      interval.upper.push_back(end(parts.intervals[i].upper));
    }
  }
  return window;
}

absl::StatusOr<Metrics> EvaluateWith(const ModelParts& parts, const TimeSeries& series,
                                     RowRange part, const EvaluationWindows& windows,
                                     const ScoredWindowVisitor& visit) {
  FLEETCAST_RETURN_IF_ERROR(CheckPart(series, part));
  FLEETCAST_ASSIGN_OR_RETURN(const InputTable table, TableOf(series, parts));
  FLEETCAST_RETURN_IF_ERROR(CheckStep(series, 0, parts.layout));
  FLEETCAST_ASSIGN_OR_RETURN(const std::vector<double> scored,
                             ScoredValues(series, parts, windows, table));
  const std::vector<std::size_t> origins = ScoredOrigins(parts, table, scored, part, windows);
  const auto horizon = static_cast<std::size_t>(parts.layout.horizon);
  if (origins.empty()) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "rows [" + std::to_string(part.begin) + ", " + std::to_string(part.end) +
                       ") hold no window of " + std::to_string(parts.layout.input_rows()) +
                       " inputs and " + std::to_string(horizon) + " targets with a reading",
                   {{"begin", std::to_string(part.begin)}, {"end", std::to_string(part.end)}});
  }
  const std::size_t season = NaiveSeason(parts.layout.step_seconds, horizon, part.begin);
  MetricsSum sum(horizon, parts.spec.interval_levels);
  const auto add = [&](std::size_t origin, const float* outputs) {
    ScoredWindow window = ScoreWindow(
        parts, table, scored, SeasonalNaive(scored, origin, horizon, season), origin, outputs);
    window.issue_unix_seconds = series.unix_seconds[origin];
    sum.Add(window);
    if (visit) visit(window);
  };
  VisitForecasts(parts.network, table, origins, add, /*keep_going=*/nullptr);
  return sum.Result(parts.scaling.season_change);
}

}  // namespace

absl::StatusOr<InputTable> TableOf(const TimeSeries& series, const ModelParts& parts) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto columns, ColumnIndices(series, parts.columns));
  return InputTable(series, columns, parts.plausible, parts.layout, parts.scaling, parts.calendar);
}

double ValueOf(const ModelParts& parts, const InputTable& table, std::size_t origin,
               std::size_t ahead, double output) {
  return WithinBounds(parts.spec, table.InUnit(origin, ahead, output));
}

void VisitForecasts(const Network& network, const InputTable& table,
                    const std::vector<std::size_t>& origins, const ForecastVisitor& visit,
                    const std::function<bool()>& keep_going) {
  const std::size_t horizon = static_cast<std::size_t>(network.shape().horizon);
  for (std::size_t begin = 0; begin < origins.size(); begin += kPredictionBatch) {
    if (keep_going && !keep_going()) return;
    const std::size_t count = std::min(kPredictionBatch, origins.size() - begin);
    const std::vector<float> outputs =
        network.Predict(table.MakeBatch(origins.data() + begin, count));
    for (std::size_t i = 0; i < count; ++i) {
      visit(origins[begin + i], outputs.data() + i * horizon);
    }
  }
}

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const ModelSpec& Model::spec() const { return state_->parts.spec; }

std::size_t Model::input_rows() const { return state_->parts.layout.input_rows(); }

std::int64_t Model::step_seconds() const { return state_->parts.layout.step_seconds; }

std::vector<std::string> Model::input_columns() const { return state_->parts.columns; }

EvaluationWindows Model::needs() const {
  const InputLayout& layout = state_->parts.layout;
  const PlausibleRange& plausible = state_->parts.plausible[0];
  return {.input_rows_at_least = layout.input_rows(),
          .readings_at_least = static_cast<std::size_t>(layout.fewest_readings),
          .spread_rows = static_cast<std::size_t>(layout.spread_rows()),
          .lowest = plausible.lowest,
          .highest = plausible.highest,
          .jump = plausible.jump};
}

std::vector<double> Model::PlausibleTarget(const TimeSeries& series) const {
  const ModelParts& parts = state_->parts;
  const absl::StatusOr<std::size_t> target = ColumnIndex(series, parts.columns[0]);
  if (!target.ok()) return std::vector<double>(series.rows(), NAN);
  std::vector<double> values = ColumnValues(series, *target);
  MaskOutliers(parts.plausible[0], values);
  return values;
}

absl::StatusOr<ForecastResult> Model::Forecast(const TimeSeries& history) const {
  return CatchTorchErrors("forecasting", [&] { return ForecastWith(state_->parts, history); });
}

absl::StatusOr<Metrics> Model::Evaluate(const TimeSeries& series, RowRange part,
                                        const EvaluationWindows& windows,
                                        const ScoredWindowVisitor& visit) const {
  return CatchTorchErrors("evaluating a model", [&] {
    return EvaluateWith(state_->parts, series, part, windows, visit);
  });
}

bool Model::is_base_alone() const { return state_->parts.base_alone; }

double Model::mase_scale() const { return state_->parts.scaling.season_change; }

}  // namespace fleetcast::forecast
