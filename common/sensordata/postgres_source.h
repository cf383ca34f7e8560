// Sensor readings from one Postgres table: a sensor id, a timestamp and a column per feature.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

struct PostgresSourceOptions {
  std::string dsn;
  std::string table = "sensor_readings";  // or "schema.table"; may be a view
  std::string id_column = "sensor_id";
  std::string time_column = "timestamp";  // timestamptz, or timestamp taken as UTC
  QualityPolicy quality = {};             // its columns hold text or whole numbers
  int connections = 4;                    // as many as read at once
  absl::Duration statement_timeout = absl::Seconds(60);
};

// Thread safe. An index on (id column, time column) keeps reads proportional to the rows read;
// `last_rows` reads only these. Rows with one timestamp are ordered by their values, so that every
// read agrees on which is the last. SQL NULL is a missing cell. A read holds its readings in memory
// once, and a few thousand rows of text beside them.
class PostgresSource final : public SensorSource {
 public:
  // INVALID_ARGUMENT for a name that cannot be an identifier. Connects when first read.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<PostgresSource>> Open(
      PostgresSourceOptions options);
  ~PostgresSource() override;

  [[nodiscard]] absl::StatusOr<RawReadings> Read(const ReadRequest& request) override;
  // "postgres table sensor_readings, sensor_id = SENSOR_P001_C001": no host, no credentials.
  [[nodiscard]] std::string Location(const std::string& sensor_id) const override;

 private:
  struct State;
  explicit PostgresSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fleetcast::sensordata
