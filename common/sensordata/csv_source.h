// Sensor readings from a folder of CSV files, one a sensor: {root}/{sensor_id}.csv.
#pragma once

#include <string>

#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// Thread safe. Reads the file anew for every request; the format is csv_file.h's. A file that
// another program replaces by rename is seen whole, before or after. A file of more than 1 GiB is
// DATA_TOO_LARGE.
class CsvSource final : public SensorSource {
 public:
  explicit CsvSource(std::string root);

  [[nodiscard]] absl::StatusOr<RawReadings> Read(const ReadRequest& request) override;
  [[nodiscard]] std::string Location(const std::string& sensor_id) const override;

 private:
  [[nodiscard]] std::string Path(const std::string& sensor_id) const;
  [[nodiscard]] absl::StatusOr<RawReadings> ReadFile(const ReadRequest& request) const;

  std::string root_;
};

}  // namespace fleetcast::sensordata
