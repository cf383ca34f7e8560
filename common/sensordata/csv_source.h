// Sensor readings from a folder of CSV files, one a sensor.
#pragma once

#include <string>

#include "common/sensordata/csv_file.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// What a sensor's file is called: `{sensor_id}.csv`, a `/` in the id as %2F, and a `%` that would
// be taken for the beginning of that, or of this, as %25. An id of which that makes a longer name
// than file systems take is cut: its first bytes, 186 at most, `~` and the SHA-256 of the id. No
// two sensors share a file, and none is outside of the folder.
[[nodiscard]] std::string FileNameOf(const std::string& sensor_id);

// Thread safe. Reads the file anew for every request; the format is csv_file.h's. A file that
// another program replaces by rename is seen whole, before or after. A file of more than 1 GiB is
// DATA_TOO_LARGE.
class CsvSource final : public SensorSource {
 public:
  explicit CsvSource(std::string root, CsvFormat format = {});

  [[nodiscard]] absl::StatusOr<RawReadings> Read(const ReadRequest& request) override;
  [[nodiscard]] std::string Location(const std::string& sensor_id) const override;

 private:
  [[nodiscard]] std::string Path(const std::string& sensor_id) const;
  [[nodiscard]] absl::StatusOr<RawReadings> ReadSensor(const ReadRequest& request) const;

  std::string root_;
  CsvFormat format_;
};

// The file at `path`, whatever its name, as the source reads one. `request.sensor_id` is its name
// in errors. NOT_FOUND SENSOR_NOT_FOUND where there is none.
[[nodiscard]] absl::StatusOr<CsvTable> ReadCsvFile(const std::string& path,
                                                   const ReadRequest& request,
                                                   const CsvFormat& format);

}  // namespace fleetcast::sensordata
