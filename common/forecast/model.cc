#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/forecast/forecast.h"
#include "common/forecast/metrics.h"
#include "common/forecast/model_state.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kPredictionBatch = 256;

absl::Status CheckHistoryIsFinite(const TimeSeries& history,
                                  const std::vector<std::size_t>& columns, std::size_t first_row) {
  for (std::size_t row = first_row; row < history.rows(); ++row) {
    for (std::size_t column : columns) {
      if (std::isfinite(history.at(row, column))) continue;
      const std::string& name = history.columns[column];
      const std::string time = std::to_string(history.unix_seconds[row]);
      return Refused(absl::StatusCode::kFailedPrecondition, "DATA_NOT_FINITE",
                     absl::StrCat("column \"", name, "\" has no value at ", time,
                                  " (Unix seconds), among the last ", history.rows() - first_row,
                                  " rows that a forecast needs"),
                     {{"column", name}, {"unix_seconds", time}});
    }
  }
  return absl::OkStatus();
}

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

ForecastResult ResultOf(const ModelParts& parts, const InputTable& table, const TimeSeries& inputs,
                        const std::vector<float>& outputs) {
  const std::size_t origin = inputs.rows() - 1;
  const double difficulty = table.Difficulty(origin);
  ForecastResult result;
  result.issue_unix_seconds = inputs.unix_seconds[origin];
  for (std::size_t step = 0; step < outputs.size(); ++step) {
    result.unix_seconds.push_back(result.issue_unix_seconds +
                                  parts.layout.step_seconds * static_cast<std::int64_t>(step + 1));
    result.values.push_back(table.InUnit(origin, outputs[step]));
  }
  for (std::size_t i = 0; i < parts.spec.interval_levels.size(); ++i) {
    Interval interval{.level = parts.spec.interval_levels[i], .lower = {}, .upper = {}};
    for (std::size_t step = 0; step < outputs.size(); ++step) {
      const double half_width = parts.residual_quantiles[i][step] * difficulty;
      interval.lower.push_back(result.values[step] - half_width);
      interval.upper.push_back(result.values[step] + half_width);
    }
    result.intervals.push_back(std::move(interval));
  }
  return result;
}

absl::StatusOr<ForecastResult> ForecastWith(const ModelParts& parts, const TimeSeries& history) {
  FLEETCAST_ASSIGN_OR_RETURN(auto columns, InputColumns(history, parts.spec, parts.layout));
  const std::size_t needed = parts.layout.input_rows();
  if (history.rows() < needed) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "a forecast needs the last " + std::to_string(needed) + " rows; there are " +
                       std::to_string(history.rows()),
                   {{"rows", std::to_string(history.rows())}, {"needed", std::to_string(needed)}});
  }
  const std::size_t first_row = history.rows() - needed;
  FLEETCAST_RETURN_IF_ERROR(CheckStep(history, first_row, parts.layout));
  FLEETCAST_RETURN_IF_ERROR(
      CheckHistoryIsFinite(history, columns, history.rows() - parts.layout.finite_rows()));
  const TimeSeries inputs = Tail(history, first_row);
  const InputTable table(inputs, columns, parts.layout, parts.scaling);
  const std::size_t origin = needed - 1;
  return ResultOf(parts, table, inputs,
                  parts.network.Predict(table.MakeBatch(&origin, 1, /*with_targets=*/false)));
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

absl::StatusOr<WindowRule> EvaluationRule(const TimeSeries& series, const ModelParts& parts,
                                          const std::vector<std::size_t>& columns,
                                          const EvaluationWindows& windows) {
  WindowRule rule = RuleOf(parts.layout, columns);
  rule.finite_rows = std::max(rule.finite_rows, windows.finite_rows_at_least);
  rule.input_rows = std::max({rule.input_rows, windows.input_rows_at_least, rule.finite_rows});
  FLEETCAST_ASSIGN_OR_RETURN(auto more, ColumnIndices(series, windows.finite_columns));
  rule.input_columns.insert(rule.input_columns.end(), more.begin(), more.end());
  return rule;
}

absl::StatusOr<Metrics> EvaluateWith(const ModelParts& parts, const TimeSeries& series,
                                     RowRange part, const EvaluationWindows& windows) {
  FLEETCAST_RETURN_IF_ERROR(CheckPart(series, part));
  FLEETCAST_ASSIGN_OR_RETURN(auto columns, InputColumns(series, parts.spec, parts.layout));
  FLEETCAST_RETURN_IF_ERROR(CheckStep(series, 0, parts.layout));
  FLEETCAST_ASSIGN_OR_RETURN(auto rule, EvaluationRule(series, parts, columns, windows));
  const std::vector<std::size_t> origins = CompleteOrigins(series, rule, part);
  if (origins.empty()) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                   "rows [" + std::to_string(part.begin) + ", " + std::to_string(part.end) +
                       ") hold no window of " + std::to_string(rule.input_rows) + " inputs and " +
                       std::to_string(rule.horizon) + " targets without missing values",
                   {{"begin", std::to_string(part.begin)}, {"end", std::to_string(part.end)}});
  }
  const InputTable table(series, columns, parts.layout, parts.scaling);
  const std::size_t season = NaiveSeason(parts.layout.step_seconds, rule.horizon, part.begin);
  MetricsSum sum(rule.horizon, parts.spec.interval_levels);
  std::vector<double> half_widths(parts.spec.interval_levels.size());
  const auto add = [&](std::size_t origin, const float* outputs) {
    const double difficulty = table.Difficulty(origin);
    const auto seasonal = SeasonalNaive(series, columns[0], origin, rule.horizon, season);
    for (std::size_t step = 0; step < rule.horizon; ++step) {
      for (std::size_t i = 0; i < half_widths.size(); ++i) {
        half_widths[i] = parts.residual_quantiles[i][step] * difficulty;
      }
      sum.Add(step,
              {.actual = series.at(origin + 1 + step, columns[0]),
               .forecast = table.InUnit(origin, outputs[step]),
               .last_value = series.at(origin, columns[0]),
               .seasonal_value = seasonal[step]},
              half_widths);
    }
    sum.CountWindow();
  };
  VisitForecasts(parts.network, table, origins, add, /*keep_going=*/nullptr);
  return sum.Result(parts.scaling.season_change);
}

}  // namespace

absl::StatusOr<std::vector<std::size_t>> InputColumns(const TimeSeries& series,
                                                      const ModelSpec& spec,
                                                      const InputLayout& layout) {
  std::vector<std::string> columns;
  if (layout.other_columns) columns = OtherColumns(spec);
  columns.insert(columns.begin(), spec.target_column);
  return ColumnIndices(series, columns);
}

WindowRule RuleOf(const InputLayout& layout, const std::vector<std::size_t>& columns) {
  return {.input_rows = layout.input_rows(),
          .finite_rows = layout.finite_rows(),
          .horizon = static_cast<std::size_t>(layout.horizon),
          .input_columns = columns,
          .target_column = columns[0]};
}

void VisitForecasts(const Network& network, const InputTable& table,
                    const std::vector<std::size_t>& origins, const ForecastVisitor& visit,
                    const std::function<bool()>& keep_going) {
  const std::size_t horizon = static_cast<std::size_t>(network.shape().horizon);
  for (std::size_t begin = 0; begin < origins.size(); begin += kPredictionBatch) {
    if (keep_going && !keep_going()) return;
    const std::size_t count = std::min(kPredictionBatch, origins.size() - begin);
    const std::vector<float> outputs =
        network.Predict(table.MakeBatch(origins.data() + begin, count, /*with_targets=*/false));
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

EvaluationWindows Model::needs() const {
  const ModelParts& parts = state_->parts;
  std::vector<std::string> columns;
  if (parts.layout.other_columns) columns = OtherColumns(parts.spec);
  columns.push_back(parts.spec.target_column);
  return {.input_rows_at_least = parts.layout.input_rows(),
          .finite_rows_at_least = parts.layout.finite_rows(),
          .finite_columns = std::move(columns)};
}

absl::StatusOr<ForecastResult> Model::Forecast(const TimeSeries& history) const {
  return CatchTorchErrors("forecasting", [&] { return ForecastWith(state_->parts, history); });
}

absl::StatusOr<Metrics> Model::Evaluate(const TimeSeries& series, RowRange part,
                                        const EvaluationWindows& windows) const {
  return CatchTorchErrors("evaluating a model",
                          [&] { return EvaluateWith(state_->parts, series, part, windows); });
}

}  // namespace fleetcast::forecast
