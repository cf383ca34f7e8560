// Sensor readings from a folder of CSV files, one a sensor: {root}/{sensor_id}.csv.
#pragma once

#include <string>

#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// Thread safe. Reads the file anew for every request; the format is csv_file.h's. A file that
// another program replaces by rename is seen whole, before or after.
class CsvSource final : public SensorSource {
 public:
  explicit CsvSource(std::string root);

  [[nodiscard]] absl::StatusOr<RawReadings> Read(const ReadRequest& request) override;
  [[nodiscard]] std::string Location(const std::string& sensor_id) const override;

 private:
  std::string root_;
};

}  // namespace fleetcast::sensordata
