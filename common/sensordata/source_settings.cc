#include "common/sensordata/source_settings.h"

#include "common/base/status.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/postgres_source.h"

namespace fleetcast::sensordata {

absl::StatusOr<std::unique_ptr<SensorSource>> OpenSensorSource(const SourceSettings& settings) {
  if (settings.data.empty()) {
    return InvalidField("sensor_data",
                        "is empty; give the folder of CSV files or the connection string");
  }
  if (settings.kind == "csv") return std::make_unique<CsvSource>(settings.data);
  if (settings.kind == "postgres") {
    PostgresSourceOptions options{.dsn = settings.data,
                                  .table = settings.table,
                                  .id_column = settings.id_column,
                                  .time_column = settings.time_column,
                                  .connections = settings.connections};
    return PostgresSource::Open(std::move(options));
  }
  return InvalidField("sensor_source", "'" + settings.kind + "' is neither csv nor postgres");
}

}  // namespace fleetcast::sensordata
