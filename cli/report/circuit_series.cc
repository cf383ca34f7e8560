#include "cli/report/circuit_series.h"

#include <filesystem>
#include <map>
#include <utility>

#include "common/base/status.h"
#include "common/sensordata/csv_source.h"

namespace fleetcast::cli {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

using ReadingsByTime = std::map<std::int64_t, double>;

// Adds the target's rows of [from, before); later rows win.
absl::Status Add(sensordata::SensorSource& source, const std::string& sensor_id,
                 const std::string& column, std::int64_t from, std::int64_t before,
                 ReadingsByTime& readings) {
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings rows,
                             source.Read({.sensor_id = sensor_id,
                                          .columns = {column},
                                          .from_unix_seconds = from,
                                          .before_unix_seconds = before}));
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    readings[rows.unix_seconds[row]] = rows.values[row];
  }
  return absl::OkStatus();
}

Series SeriesOf(const ReadingsByTime& readings) {
  Series series;
  for (const auto& [time, value] : readings) {
    series.unix_seconds.push_back(time);
    series.values.push_back(value);
  }
  return series;
}

// "" is none.
absl::Status CheckFolder(const std::string& flag, const std::string& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return absl::OkStatus();
  return InvalidField(flag, "'" + folder + "' is no folder");
}

}  // namespace

CircuitSeries::CircuitSeries(sensordata::SourceSettings sensors, std::string actuals,
                             int history_days)
    : settings_(std::move(sensors)),
      actuals_folder_(std::move(actuals)),
      history_days_(history_days) {}

absl::Status CircuitSeries::Open() {
  if (settings_.kind == "csv") {
    FLEETCAST_RETURN_IF_ERROR(CheckFolder("--sensor-data", settings_.data));
  }
  FLEETCAST_RETURN_IF_ERROR(CheckFolder("--actuals", actuals_folder_));
  if (!settings_.data.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(sensors_, sensordata::OpenSensorSource(settings_));
  }
  if (!actuals_folder_.empty()) {
    actuals_ = std::make_unique<sensordata::CsvSource>(actuals_folder_);
  }
  return absl::OkStatus();
}

absl::Status CircuitSeries::Read(const std::string& sensor_id, CircuitReport& circuit) const {
  const std::int64_t after_issue = circuit.forecast->issue_unix_seconds + 1;
  const std::int64_t end = circuit.forecast->points.unix_seconds.back() + 1;
  ReadingsByTime history, actual;
  if (sensors_ != nullptr) {
    FLEETCAST_RETURN_IF_ERROR(Add(*sensors_, sensor_id, circuit.target_column,
                                  after_issue - history_days_ * kSecondsOfDay, after_issue,
                                  history));
    FLEETCAST_RETURN_IF_ERROR(
        Add(*sensors_, sensor_id, circuit.target_column, after_issue, end, actual));
  }
  if (actuals_ != nullptr) {
    absl::Status status =
        Add(*actuals_, sensor_id, circuit.target_column, after_issue, end, actual);
    if (!status.ok() && ReasonOf(status) != "SENSOR_NOT_FOUND") return status;
  }
  circuit.history = SeriesOf(history);
  circuit.actual = SeriesOf(actual);
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
