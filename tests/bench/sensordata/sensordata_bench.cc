// How fast a sensor's million rows are read, judged and put on a grid, beside just summing the
// file's bytes up as lines. `-o json` prints one JSON object.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "common/sensordata/csv_source.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/simulator/plant_simulator.h"
#include "common/sensordata/simulator/readings_writer.h"

namespace fleetcast::sensordata {
namespace {

constexpr char kSensor[] = "SENSOR_P001_C001";

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What reading the lines alone costs.
std::size_t CountLines(const std::string& path) {
  std::ifstream file(path);
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

int Run(bool as_json) {
  std::string folder = std::filesystem::temp_directory_path() / "sensordata_benchXXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const SimulatedSpan span{.begin_unix_seconds = 1'733'788'800,
                           .end_unix_seconds = 1'733'788'800 + 365 * 86'400,
                           .step_seconds = 30};
  const RawReadings simulated = PlantSimulator(7, "P001", span).Simulate("C001");
  CsvSource source(folder);
  absl::StatusOr<RawReadings> readings = simulated;
  nlohmann::ordered_json seconds;
  seconds["write"] = Seconds([&] { (void)WriteCsv(folder, kSensor, simulated); });
  seconds["lines"] = Seconds([&] { (void)CountLines(source.Location(kSensor)); });
  seconds["read"] = Seconds([&] { readings = source.Read({.sensor_id = kSensor}); });
  seconds["read_last_48"] =
      Seconds([&] { (void)source.Read({.sensor_id = kSensor, .last_rows = 48}); });
  seconds["profile"] = Seconds([&] { (void)ProfileReadings(*readings); });
  seconds["grid"] = Seconds([&] { (void)RegularGrid(*readings); });
  std::filesystem::remove_all(folder);

  const double rows = static_cast<double>(readings->rows()), lines = seconds["lines"];
  if (as_json) {
    const nlohmann::ordered_json result = {{"rows", readings->rows()}, {"seconds", seconds}};
    std::printf("%s\n", result.dump().c_str());
    return 0;
  }
  std::printf("%.0f rows of 3 columns; reading their lines with getline is 1.00\n", rows);
  for (const auto& [what, value] : seconds.items()) {
    std::printf("  %-13s %5.2f   %6.2f million rows/s\n", what.c_str(), value.get<double>() / lines,
                rows / value.get<double>() / 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace fleetcast::sensordata

int main(int argc, char** argv) {
  const std::string last = argc > 1 ? argv[argc - 1] : "";
  return fleetcast::sensordata::Run(last == "json");
}
