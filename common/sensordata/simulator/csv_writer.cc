#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "common/base/status.h"
#include "common/sensordata/simulator/readings_writer.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

std::string CsvText(const RawReadings& readings) {
  constexpr std::size_t kTimestamp = 19;
  const std::size_t width = readings.columns.size();
  std::string text = "timestamp";
  for (const std::string& column : readings.columns) text += "," + column;
  text += '\n';
  text.reserve(readings.rows() * (kTimestamp + 9 * width));
  char buffer[32];
  for (std::size_t row = 0; row < readings.rows(); ++row) {
    WriteTimestamp(readings.unix_seconds[row], buffer);
    text.append(buffer, kTimestamp);
    for (std::size_t column = 0; column < width; ++column) {
      text += ',';
      const double value = readings.values[row * width + column];
      if (std::isnan(value)) continue;
      text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    }
    text += '\n';
  }
  return text;
}

absl::Status CannotWrite(const std::string& path) {
  return Refused(absl::StatusCode::kUnavailable, "SENSOR_DATA_NOT_WRITTEN",
                 "cannot write " + path + ": " + std::strerror(errno), {{"path", path}});
}

}  // namespace

absl::Status WriteCsv(const std::string& folder, const std::string& sensor_id,
                      const RawReadings& readings) {
  const std::string path = folder + "/" + sensor_id + ".csv";
  const std::string unfinished = path + ".part";
  const std::string text = CsvText(readings);
  std::FILE* file = std::fopen(unfinished.c_str(), "we");
  if (file == nullptr) return CannotWrite(unfinished);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !written) return CannotWrite(unfinished);
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return CannotWrite(path);
  return absl::OkStatus();
}

}  // namespace fleetcast::sensordata
