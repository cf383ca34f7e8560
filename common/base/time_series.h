// A table of readings over time: what sensordata gives and forecast takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fleetcast {

struct TimeSeries {
  std::vector<std::string> columns;
  std::vector<std::int64_t> unix_seconds;  // [rows], strictly increasing
  std::vector<double> values;              // [rows, columns], row-major; NaN where missing

  [[nodiscard]] std::size_t rows() const { return unix_seconds.size(); }
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return values[row * columns.size() + column];
  }
};

}  // namespace fleetcast
