// What stands in a sensor's data, as people and programs read it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/output/terminal.h"
#include "common/sensordata/csv_dialect.h"
#include "common/sensordata/data_check.h"

namespace fleetcast::cli {

struct CheckedData {
  std::string place;                              // the file, or the source's place of the sensor
  std::optional<sensordata::CsvDialect> dialect;  // of a file
  sensordata::DataCheck check;
};

// Times in RFC 3339, lengths in seconds. Numbers that are not finite are null.
[[nodiscard]] nlohmann::ordered_json DataCheckJson(const CheckedData& data);

// What was read, a table of the columns, and a line for each irregularity.
[[nodiscard]] std::string DataCheckText(const CheckedData& data, const Terminal& terminal);

}  // namespace fleetcast::cli
