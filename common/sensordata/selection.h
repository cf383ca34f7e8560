// What both sources do with rows and columns once they have them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
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

// FAILED_PRECONDITION DATA_TOO_LARGE: `what` ("file x.csv") holds more than may be read, `limit`.
[[nodiscard]] absl::Status TooLarge(const ReadRequest& request, const std::string& what,
                                    const std::string& limit);

// What `read` returns, or RESOURCE_EXHAUSTED OUT_OF_MEMORY if there is too little memory for it.
[[nodiscard]] absl::StatusOr<RawReadings> ReadWithinMemory(
    const ReadRequest& request, absl::FunctionRef<absl::StatusOr<RawReadings>()> read);

// INVALID_ARGUMENT unless the sensor id is an id, the columns are distinct and not empty names.
[[nodiscard]] absl::Status CheckReadRequest(const ReadRequest& request);

}  // namespace fleetcast::sensordata
