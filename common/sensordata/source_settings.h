// The sensor source that a service's settings name.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

struct SourceSettings {
  std::string kind = "csv";  // setting sensor-source: "csv" or "postgres"
  std::string data;          // setting sensor-data: the folder, or the libpq connection string
  // Postgres only: settings sensor-table ("schema.table" or "table"), sensor-id-column,
  // sensor-time-column.
  std::string table = "sensor_readings";
  std::string id_column = "sensor_id";
  std::string time_column = "timestamp";
  int connections = 4;  // to Postgres: as many as read at once
};

// INVALID_ARGUMENT for an unknown kind or an empty setting. Does not connect: a source that
// cannot be reached says so when it is read.
[[nodiscard]] absl::StatusOr<std::unique_ptr<SensorSource>> OpenSensorSource(
    const SourceSettings& settings);

}  // namespace fleetcast::sensordata
