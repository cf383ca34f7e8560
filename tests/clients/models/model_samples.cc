// model_samples FOLDER: one folder per model, as the library keeps it, and what the library itself
// forecasts with it: FOLDER/<name>/model/… and FOLDER/<name>/cases.json. The models differ in what
// they look at; one is trained, the others have random weights.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
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
  bool earlier_days = true, other_columns = true;
  std::vector<double> interval_levels = {80, 95};
  double offset = 50;
  bool trained = false;
};

std::vector<Sample> Samples() {
  return {{.name = "everything"},
          {.name = "trained", .horizon = 12, .trained = true},
          {.name = "long_sequence", .sequence_length = 336, .horizon = 96, .other_columns = false},
          {.name = "no_day",
           .sequence_length = 5,
           .horizon = 1,
           .step_seconds = 7,
           .earlier_days = false,
           .other_columns = false,
           .interval_levels = {}},
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
  return spec;
}

Model RandomModel(const Sample& sample, const TimeSeries& series) {
  const ModelSpec spec = SpecOf(sample);
  InputLayout layout = LayoutOf(spec, sample.step_seconds, series.rows());
  layout.earlier_days = sample.earlier_days;
  layout.other_columns = sample.other_columns;
  const NetworkShape shape = layout.Shape(spec);
  std::mt19937_64 random(11);
  std::normal_distribution<float> weight(0, 0.2F);
  Weights weights;
  for (const WeightShape& each : Network::WeightShapes(shape)) {
    weights.emplace_back(static_cast<std::size_t>(std::accumulate(
        each.sizes.begin(), each.sizes.end(), std::int64_t{1}, std::multiplies<>())));
    for (float& value : weights.back()) value = weight(random);
  }
  std::vector<std::vector<float>> quantiles(spec.interval_levels.size());
  for (std::vector<float>& row : quantiles) {
    for (int step = 0; step < spec.horizon; ++step) row.push_back(std::abs(weight(random)) * 10);
  }
  Scaling scaling = *FitScaling(series, {0, 1, 2}, {0, series.rows()}, spec.horizon, 24);
  return ModelBuilder::Build({spec, layout, scaling, quantiles, Network(shape, weights)});
}

// The rows before `end`, with gaps where a forecast allows them.
TimeSeries HistoryBefore(const TimeSeries& series, const Model& model, std::size_t end) {
  TimeSeries history;
  history.columns = series.columns;
  const std::size_t rows = model.input_rows(), begin = end - rows;
  const std::size_t gaps_end = rows - model.needs().finite_rows_at_least;
  std::mt19937_64 random(end);
  for (std::size_t row = begin; row < end; ++row) {
    history.unix_seconds.push_back(series.unix_seconds[row]);
    const bool gap = row - begin < gaps_end && random() % 10 == 0;
    for (std::size_t column = 0; column < series.columns.size(); ++column) {
      history.values.push_back(gap ? std::numeric_limits<double>::quiet_NaN()
                                   : series.at(row, column));
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
  const Model model = sample.trained ? Train(series, SpecOf(sample), {}, nullptr).value().model
                                     : RandomModel(sample, series);
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
