// Readings written down in a line, for tests.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Row {
  std::int64_t time;
  double value;
};

inline RawReadings OneColumn(const std::vector<Row>& rows) {
  RawReadings readings{.columns = {"value"}};
  for (const Row& row : rows) {
    readings.unix_seconds.push_back(row.time);
    readings.values.push_back(row.value);
  }
  return readings;
}

}  // namespace fleetcast::sensordata
