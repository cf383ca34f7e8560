// The sensor source that a service's settings name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/csv_file.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// How readings are written, as settings say it.
struct FormatSettings {
  std::string separator = "auto", decimal = "auto";
  std::string time_column, time_format = "auto", time_zone = "UTC";
  std::string encoding = "auto", missing;
  std::string quality_column = "quality", quality_codes = "none", quality_uncertain = "keep";
};

// One of them: a service's setting, and a flag of the command line.
struct FormatSetting {
  const char* name;  // "sensor_csv_separator"
  std::string FormatSettings::*value;
  const char* help;
};
[[nodiscard]] const std::vector<FormatSetting>& AllFormatSettings();

// INVALID_ARGUMENT naming the setting (sensor_csv_separator) and what it may be.
[[nodiscard]] absl::StatusOr<CsvFormat> FormatOf(const FormatSettings& settings);

struct SourceSettings {
  std::string kind = "csv";  // setting sensor-source: "csv" or "postgres"
  std::string data;          // setting sensor-data: the folder, or the libpq connection string
  // Postgres only: settings sensor-table ("schema.table" or "table"), sensor-id-column,
  // sensor-time-column.
  std::string table = "sensor_readings";
  std::string id_column = "sensor_id";
  std::string time_column = "timestamp";
  FormatSettings format = {};
  int connections = 4;  // to Postgres: as many as read at once
};

// INVALID_ARGUMENT for an unknown kind or an empty setting. Does not connect: a source that
// cannot be reached says so when it is read.
[[nodiscard]] absl::StatusOr<std::unique_ptr<SensorSource>> OpenSensorSource(
    const SourceSettings& settings);

}  // namespace fleetcast::sensordata
