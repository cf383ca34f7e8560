// model_samples FOLDER: one folder per model, as the library keeps it, and what the library itself
// forecasts with it: FOLDER/<name>/model/… and FOLDER/<name>/cases.json. The models differ in what
// they look at; some are trained, the others have random weights.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <random>

#include "common/base/tar.h"
#include "common/forecast/inputs.h"
#include "common/forecast/model_state.h"

namespace fleetcast::forecast {
namespace {

using Json = nlohmann::json;

constexpr std::int64_t kStart = 1'733'702'400;  // 2024-12-09T00:00:00Z
constexpr std::size_t kCases = 5;

struct Sample {
  std::string name;
  int sequence_length = 24, horizon = 24;
  std::int64_t step_seconds = 3'600;
  bool fills_by_day = true, other_columns = true, lstm = true;
  std::optional<double> minimum;
  std::vector<double> interval_levels = {80, 95};
  double offset = 50;
  bool trained = false, calendar = false;
  std::size_t rows_with_base = 0;  // to train on beside a base of two of the columns
};

std::vector<Sample> Samples() {
  return {{.name = "everything"},
          {.name = "trained", .horizon = 12, .trained = true},
          {.name = "long_sequence", .sequence_length = 336, .horizon = 96, .other_columns = false},
          {.name = "no_day",
           .sequence_length = 5,
           .horizon = 1,
           .step_seconds = 7,
           .fills_by_day = false,
           .other_columns = false,
           .interval_levels = {}},
          {.name = "linear", .fills_by_day = false, .lstm = false, .minimum = 49},
          {.name = "calendar", .calendar = true},
          {.name = "with_base", .horizon = 12, .rows_with_base = 6'000},
          {.name = "base_alone", .sequence_length = 96, .horizon = 12, .rows_with_base = 80},
          {.name = "far_from_zero", .horizon = 6, .step_seconds = 1'800, .offset = 1e7}};
}

TimeSeries SeriesOf(const Sample& sample, std::size_t rows) {
  TimeSeries series;
  series.columns = {"load", "weather", "other"};
  std::mt19937_64 random(5);
  std::normal_distribution<double> noise;
  for (std::size_t row = 0; row < rows; ++row) {
    series.unix_seconds.push_back(kStart + sample.step_seconds * static_cast<std::int64_t>(row));
    // On and off in turns of changing length: more than a linear path can learn.
    const auto time = static_cast<double>(row);
    const double phase = 0.3 * time + 6 * std::sin(0.021 * time);
    const double load = sample.offset + 5 * std::tanh(4 * std::sin(phase)) + 0.2 * noise(random);
    series.values.insert(series.values.end(),
                         {load, 10 + 0.5 * load + noise(random), noise(random)});
  }
  return series;
}

ModelSpec SpecOf(const Sample& sample) {
  ModelSpec spec;
  spec.sequence_length = sample.sequence_length;
  spec.horizon = sample.horizon;
  spec.lstm_units = 20;
  spec.epochs = 8;
  spec.interval_levels = sample.interval_levels;
  spec.learning_rate = 0.01;
  spec.seed = 3;
  spec.feature_columns = {"load", "weather", "other"};
  spec.target_column = "load";
  spec.minimum = sample.minimum;
  return spec;
}

// Everything that a calendar can have falls into the rows that are forecast.
PlantCalendar Calendar() {
  return {.time_zone = "America/New_York",
          .holidays = {20'070, 20'120, 20'121},
          .shifts = {{360, 1320}, {1800, 2760}, {3240, 4200}, {8000, 10'080}},
          .maintenance = {{kStart + 40 * 86'400, kStart + 41 * 86'400 + 5'000},
                          {kStart + 60 * 86'400, kStart + 75 * 86'400}}};
}

Model RandomModel(const Sample& sample, const TimeSeries& series) {
  const ModelSpec spec = SpecOf(sample);
  InputLayout layout = LayoutOf(spec, sample.step_seconds, series.rows());
  layout.fills_by_day = sample.fills_by_day;
  layout.level_rows = sample.other_columns ? 12 : 0;
  if (!sample.lstm) layout.segment = layout.segments = 0;
  const std::vector<std::string> columns =
      sample.other_columns ? spec.feature_columns : std::vector<std::string>{spec.target_column};
  const NetworkShape shape = layout.Shape(spec, static_cast<int>(columns.size()));
  std::mt19937_64 random(11);
  std::normal_distribution<float> weight(0, 0.2F);
  Weights weights;
  for (const WeightShape& each : Network::WeightShapes(shape)) {
    weights.emplace_back(static_cast<std::size_t>(std::accumulate(
        each.sizes.begin(), each.sizes.end(), std::int64_t{1}, std::multiplies<>())));
    for (float& value : weights.back()) value = weight(random);
  }
  std::vector<IntervalOffsets> intervals(spec.interval_levels.size());
  for (IntervalOffsets& each : intervals) {
    for (int step = 0; step < spec.horizon; ++step) {
      each.lower.push_back(-10 * std::abs(weight(random)));
      each.upper.push_back(20 * std::abs(weight(random)));
    }
  }
  Scaling scaling{.change = 3, .season_change = 2, .levels = {}};
  std::vector<PlausibleRange> plausible;
  for (std::size_t column = 0; column < columns.size(); ++column) {
    scaling.levels.push_back(FitColumnScale(ColumnValues(series, column)));
    plausible.push_back(FitPlausibleRange(ColumnValues(series, column)));
  }
  std::optional<CalendarProfile> calendar;
  if (sample.calendar) {
    calendar = *FitCalendarProfile(Calendar(), series.unix_seconds, ColumnValues(series, 0),
                                   sample.step_seconds);
    for (double& value : calendar->values) value += static_cast<double>(weight(random));
  }
  return ModelBuilder::Build(
      {spec, columns, plausible, layout, scaling, calendar, intervals, Network(shape, weights)});
}

Model ModelWithBase(const Sample& sample, const TimeSeries& series) {
  const ModelSpec load = SpecOf(sample);
  ModelSpec weather = load;
  weather.target_column = "weather";
  const TrainedModel base =
      TrainBase({{"load", series, load}, {"weather", series, weather}}, load, {}, nullptr).value();
  return Train(SeriesOf(sample, sample.rows_with_base), load, {}, nullptr, &base.model)
      .value()
      .model;
}

Model ModelOf(const Sample& sample, const TimeSeries& series) {
  if (sample.rows_with_base > 0) return ModelWithBase(sample, series);
  if (sample.trained) return Train(series, SpecOf(sample), {}, nullptr).value().model;
  return RandomModel(sample, series);
}

// The rows before `end`, with gaps of all lengths, but not at their end, and a sentinel.
TimeSeries HistoryBefore(const TimeSeries& series, const Model& model, std::size_t end) {
  TimeSeries history;
  history.columns = series.columns;
  const std::size_t rows = model.input_rows(), begin = end - rows;
  std::mt19937_64 random(end);
  std::size_t gap_rows = 0;
  for (std::size_t row = begin; row < end; ++row) {
    history.unix_seconds.push_back(series.unix_seconds[row]);
    if (rows > 10 && gap_rows == 0 && random() % 60 == 0) gap_rows = 1 + random() % 40;
    const bool gap = gap_rows > 0 && row + 2 < end;
    gap_rows -= gap_rows > 0 ? 1 : 0;
    for (std::size_t column = 0; column < series.columns.size(); ++column) {
      const double value = row == begin + 5 && rows > 10 ? -1e9 : series.at(row, column);
      history.values.push_back(gap ? std::numeric_limits<double>::quiet_NaN() : value);
    }
  }
  return history;
}

Json CaseOf(const TimeSeries& history, const Model& model) {
  const absl::StatusOr<ForecastResult> forecast = model.Forecast(history);
  if (!forecast.ok()) throw std::runtime_error(forecast.status().ToString());
  Json lower = Json::array(), upper = Json::array(), rows = Json::array();
  for (const Interval& interval : forecast->intervals) {
    lower.push_back(interval.lower);
    upper.push_back(interval.upper);
  }
  for (std::size_t row = 0; row < history.rows(); ++row) {
    Json& values = rows.emplace_back(Json::object());
    for (std::size_t column = 0; column < history.columns.size(); ++column) {
      const double value = history.at(row, column);
      values[history.columns[column]] = std::isfinite(value) ? Json(value) : Json();
    }
  }
  return {{"history", rows},
          {"unix_seconds", history.unix_seconds.back()},
          {"forecast", forecast->values},
          {"lower", lower},
          {"upper", upper}};
}

void Write(const Sample& sample, const std::filesystem::path& folder) {
  const TimeSeries series = SeriesOf(sample, 6'000);
  const Model model = ModelOf(sample, series);
  const std::string archive = model.Serialize();
  std::filesystem::create_directories(folder / "model");
  const std::vector<TarFile> files = FindInTar(archive).value();
  for (const TarFile& file : files) {
    std::ofstream(folder / "model" / file.name, std::ios::binary) << file.bytes;
  }
  Json cases = Json::array();
  for (std::size_t i = 0; i < kCases; ++i) {
    cases.push_back(CaseOf(HistoryBefore(series, model, 1'000 + 131 * i), model));
  }
  std::ofstream(folder / "cases.json") << cases.dump();
}

}  // namespace
}  // namespace fleetcast::forecast

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: model_samples FOLDER\n";
    return 2;
  }
  for (const auto& sample : fleetcast::forecast::Samples()) {
    fleetcast::forecast::Write(sample, std::filesystem::path(argv[1]) / sample.name);
  }
  return 0;
}
