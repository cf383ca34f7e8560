// The fingerprint of a sensor's rows: what a data asset pins.
#pragma once

#include <string>
#include <vector>

#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// Row numbers by timestamp; rows with one timestamp keep their order.
[[nodiscard]] std::vector<std::size_t> RowsByTime(const RawReadings& readings);

// SHA-256 hex of the canonical rows (docs/sensor_data.md gives the bytes): columns by name, rows
// by time, every missing cell alike.
[[nodiscard]] std::string FingerprintOf(const RawReadings& readings);

}  // namespace fleetcast::sensordata
