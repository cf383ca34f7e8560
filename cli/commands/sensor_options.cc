#include "cli/commands/sensor_options.h"

#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace fleetcast::cli {

void AddSourceFlags(CLI::App& verb, sensordata::SourceSettings& settings) {
  verb.add_option("--sensor-data", settings.data,
                  "folder of SENSOR.csv files, or a libpq connection string");
  verb.add_option("--sensor-source", settings.kind, "csv or postgres")->capture_default_str();
  verb.add_option("--sensor-table", settings.table, "for --sensor-source postgres")
      ->capture_default_str();
  verb.add_option("--sensor-id-column", settings.id_column, "for --sensor-source postgres")
      ->capture_default_str();
  verb.add_option("--sensor-time-column", settings.time_column, "for --sensor-source postgres")
      ->capture_default_str();
}

void AddFormatFlags(CLI::App& verb, sensordata::FormatSettings& settings) {
  for (const sensordata::FormatSetting& setting : sensordata::AllFormatSettings()) {
    const std::string flag = absl::StrCat("--", absl::StrReplaceAll(setting.name, {{"_", "-"}}));
    verb.add_option(flag, settings.*setting.value, setting.help)->capture_default_str();
  }
}

}  // namespace fleetcast::cli
