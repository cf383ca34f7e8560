// How a CSV file is written: told by settings, or found in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/sensordata/csv_lines.h"
#include "common/sensordata/time_format.h"

namespace fleetcast::sensordata {

// The settings sensor-csv-… of a source; what is empty is found in each file.
struct CsvOptions {
  std::optional<char> separator;  // ',' ';' '\t' or '|'
  std::optional<char> decimal;    // '.' or ','
  std::string time_column;        // by name
  std::optional<TimeFormat> time_format;
  absl::TimeZone time_zone = absl::UTCTimeZone();  // of times without an offset
  std::optional<bool> latin1;             // the header is Windows-1252 (Latin-1), not UTF-8
  std::vector<std::string> missing = {};  // words for a missing cell, beside the usual ones
};

struct CsvDialect {
  char separator = ',';
  char decimal = '.';
  std::vector<std::string> header;   // as UTF-8 where `latin1`; else as it stands
  std::size_t time_column = 0;       // its place in the header
  bool time_of_day_follows = false;  // the next column has the time, this one the date
  TimeFormat time_format = TimeFormat::kIso;
  absl::TimeZone time_zone = absl::UTCTimeZone();
  bool latin1 = false;
  std::vector<std::string> missing = {};
};

// Reads the header and as many lines as it takes, 200 at least if there are so many.
// FAILED_PRECONDITION SENSOR_DATA_MALFORMED with `path`, the line and, where the file can be read
// in two ways, the setting that decides.
[[nodiscard]] absl::StatusOr<CsvDialect> FindCsvDialect(std::string_view text,
                                                        const std::string& path,
                                                        const CsvOptions& options);

// SENSOR_DATA_MALFORMED at `line` of `path`, and if given at `column`.
[[nodiscard]] absl::Status MalformedCsv(const std::string& path, std::int64_t line,
                                        const std::string& column, const std::string& problem);

}  // namespace fleetcast::sensordata
