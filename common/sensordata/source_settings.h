// The sensor source that a service's settings name.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/sensordata/csv_file.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// How readings are written, as settings say it; each named as it is there.
struct FormatSettings {
  std::string separator = "auto";          // sensor-csv-separator: comma, semicolon, tab, pipe
  std::string decimal = "auto";            // sensor-csv-decimal: point, comma
  std::string time_column;                 // sensor-csv-time-column: a name, or empty to find it
  std::string time_format = "auto";        // sensor-csv-time-format: time_format.h's names
  std::string time_zone = "UTC";           // sensor-csv-time-zone: IANA's name
  std::string encoding = "auto";           // sensor-csv-encoding: utf-8, latin-1
  std::string missing;                     // sensor-csv-missing: words, separated by commas
  std::string quality_column = "quality";  // sensor-quality-column: or none
  std::string quality_codes = "none";      // sensor-quality-codes: opc_ua, opc_da
  std::string quality_uncertain = "keep";  // sensor-quality-uncertain: or mask
};

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
