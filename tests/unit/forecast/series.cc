#include "tests/unit/forecast/series.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <random>
#include <sstream>

namespace fleetcast::forecast {

TimeSeries SeriesOf(const std::vector<double>& values) {
  TimeSeries series;
  series.columns = {"value"};
  series.values = values;
  for (std::size_t row = 0; row < values.size(); ++row) {
    series.unix_seconds.push_back(kStart + 3600 * static_cast<std::int64_t>(row));
  }
  return series;
}

TimeSeries DailyCycle(std::size_t rows, std::uint64_t seed) {
  TimeSeries series;
  series.columns = {"load", "weather", "other"};
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  double slow = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    series.unix_seconds.push_back(kStart + 3600 * static_cast<std::int64_t>(row));
    const double hour = 2 * std::numbers::pi * static_cast<double>(row % 24) / 24;
    slow = 0.95 * slow + 0.2 * noise(random);
    const double load = 50 + 5 * std::sin(hour) + 2 * std::cos(2 * hour) + slow;
    series.values.insert(series.values.end(), {load + 0.3 * noise(random),
                                               10 + 0.5 * load + noise(random), noise(random)});
  }
  return series;
}

ModelSpec SmallSpec() {
  ModelSpec spec;
  spec.sequence_length = 12;
  spec.horizon = 6;
  spec.lstm_units = 8;
  spec.learning_rate = 0.005;
  spec.epochs = 4;
  spec.seed = 7;
  spec.feature_columns = {"load", "weather"};
  spec.target_column = "load";
  return spec;
}

const TrainedModel& SmallModel() {
  static const TrainedModel* model =
      new TrainedModel(*Train(DailyCycle(600), SmallSpec(), {}, nullptr));
  return *model;
}

std::string SharedDataPath(const std::string& file) {
  const char* source = std::getenv("FLEETCAST_SOURCE_DIR");
  if (source == nullptr) return "";
  const auto path = std::filesystem::path(source) / ".." / "shared" / "data" / file;
  return std::filesystem::exists(path) ? path.string() : "";
}

std::optional<TimeSeries> TransformerSeries(std::size_t rows) {
  const std::string path = SharedDataPath("ett/ETTh1.csv");
  if (path.empty()) return std::nullopt;
  std::ifstream file(path);
  TimeSeries series;
  series.columns = {"HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"};
  std::string line;
  std::getline(file, line);
  while (series.rows() < rows && std::getline(file, line)) {
    series.unix_seconds.push_back(kStart + 3600 * static_cast<std::int64_t>(series.rows()));
    std::istringstream cells(line);
    std::string cell;
    std::getline(cells, cell, ',');  // the timestamp: hourly without gaps
    while (std::getline(cells, cell, ',')) series.values.push_back(std::stod(cell));
  }
  return series;
}

}  // namespace fleetcast::forecast
