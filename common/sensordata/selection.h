// What both sources do with rows and columns once they have them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// FAILED_PRECONDITION SENSOR_COLUMN_MISSING: `column` is not among `available`.
[[nodiscard]] absl::Status ColumnMissing(const std::string& sensor_id, const std::string& column,
                                         const std::vector<std::string>& available);

// Drops all but the `count` rows with the newest timestamps, keeping their order; among equal
// timestamps the later row is the newer.
void KeepLastRows(RawReadings& readings, std::size_t count);

// INVALID_ARGUMENT unless the sensor id is an id, the columns are distinct and not empty names.
[[nodiscard]] absl::Status CheckReadRequest(const ReadRequest& request);

}  // namespace fleetcast::sensordata
