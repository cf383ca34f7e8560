// Names of tables and columns that people give in settings, made safe to stand in SQL.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace fleetcast::sensordata {

// INVALID_ARGUMENT on `setting` unless `name` can be a Postgres identifier: 1 to 63 bytes, no NUL.
[[nodiscard]] absl::Status CheckIdentifier(const std::string& setting, const std::string& name);
// The same for "table" or "schema.table".
[[nodiscard]] absl::Status CheckTable(const std::string& setting, const std::string& name);

// "na""me" in double quotes: case and everything else as given.
[[nodiscard]] std::string QuoteIdentifier(const std::string& name);
[[nodiscard]] std::string QuoteTable(const std::string& name);

}  // namespace fleetcast::sensordata
