// One sensor's CSV file as a table: a header, times, numbers, qualities. No I/O here.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/sensordata/csv_dialect.h"
#include "common/sensordata/quality.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// What settings say of the files of a source.
struct CsvFormat {
  CsvOptions csv;
  QualityPolicy quality;
};

struct CsvTable {
  RawReadings readings;
  CsvDialect dialect;
};

// The rows of `text` that `request` asks for, in the file's order (`last_rows` included). Tolerates
// a byte order mark, CRLF, quoted fields ("" is a quote), blank lines, blanks around fields, and
// separators at the end of lines. Rows outside the range need a good timestamp and are not looked
// at further. A last line without its newline is being written: it is left alone, and an issue.
// Columns that are asked for must hold numbers and missing cells (SaysMissing) only. Where none is
// asked for, columns with other texts are left out, each an issue. A column whose name is not
// IsColumnName is in nobody's way.
// FAILED_PRECONDITION: SENSOR_DATA_MALFORMED with `path`, line and column; SENSOR_COLUMN_MISSING;
// DATA_TOO_LARGE.
[[nodiscard]] absl::StatusOr<CsvTable> ParseCsv(std::string_view text, const std::string& path,
                                                const ReadRequest& request,
                                                const CsvFormat& format = {});

}  // namespace fleetcast::sensordata
