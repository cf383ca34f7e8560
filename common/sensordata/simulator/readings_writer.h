// Where simulated readings go: a folder of CSV files as CsvSource reads them, or a Postgres table
// as PostgresSource reads it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// Writes {folder}/{sensor_id}.csv, by way of a temporary file and a rename. The folder must exist.
[[nodiscard]] absl::Status WriteCsv(const std::string& folder, const std::string& sensor_id,
                                    const RawReadings& readings);

// Thread safe.
class PostgresReadingsWriter {
 public:
  // Makes `table` ("table" or "schema.table") with a primary key on (sensor_id, timestamp) and a
  // double precision column for each of `columns`, if it does not exist.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PostgresReadingsWriter>> Open(
      const std::string& dsn, const std::string& table, const std::vector<std::string>& columns);
  ~PostgresReadingsWriter();

  // In one transaction. ALREADY_EXISTS if the sensor has rows, unless `replace`: then these go.
  [[nodiscard]] absl::Status Write(const std::string& sensor_id, const RawReadings& readings,
                                   bool replace);

 private:
  struct State;
  explicit PostgresReadingsWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::sensordata
