// What both sources do with rows and columns once they have them.
#pragma once

#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {

// Whether a configuration can name such a column: printable UTF-8 of 1 to 200 bytes. Others are
// nobody's: where no columns are named they are left out.
[[nodiscard]] bool IsColumnName(std::string_view name);

// FAILED_PRECONDITION SENSOR_COLUMN_MISSING: `column` is not among `available`, of which 20 are
// named.
[[nodiscard]] absl::Status ColumnMissing(const std::string& sensor_id, const std::string& column,
                                         const std::vector<std::string>& available);

// Drops all but the `count` rows with the newest timestamps, keeping their order; among equal
// timestamps the later row is the newer.
void KeepLastRows(RawReadings& readings, std::size_t count);

// Drops all but the columns at the places `kept`, which rise.
void KeepColumns(RawReadings& readings, const std::vector<std::size_t>& kept);

// QUALITY_UNREAD: `column` holds numbers, and no setting says what they mean.
[[nodiscard]] DataIssue UnreadQuality(const std::string& column);

// What follows a cell that says nothing of quality in a column that should.
[[nodiscard]] std::string QualityRemedy();

// FAILED_PRECONDITION DATA_TOO_LARGE: `what` ("file x.csv") holds more than may be read, `limit`.
[[nodiscard]] absl::Status TooLarge(const ReadRequest& request, const std::string& what,
                                    const std::string& limit);

// RESOURCE_EXHAUSTED OUT_OF_MEMORY.
[[nodiscard]] absl::Status TooLittleMemory(const ReadRequest& request);

// What `read` returns, or TooLittleMemory where there is too little for it.
template <typename Read>
[[nodiscard]] auto ReadWithinMemory(const ReadRequest& request, const Read& read)
    -> decltype(read()) {
  try {
    return read();
  } catch (const std::bad_alloc&) {
    return TooLittleMemory(request);
  }
}

// INVALID_ARGUMENT unless the sensor id is printable text of 1 to 200 bytes, and the columns are
// distinct and not empty names.
[[nodiscard]] absl::Status CheckReadRequest(const ReadRequest& request);

}  // namespace fleetcast::sensordata
