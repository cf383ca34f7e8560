#include "cli/commands/data_check.h"

#include <google/protobuf/message.h>  // complete, for the JSON overload of Session::Show

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "cli/command.h"
#include "cli/commands/sensor_options.h"
#include "cli/session.h"
#include "cli/time_input.h"
#include "cli/views/data_check_view.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_source.h"

namespace fleetcast::cli {
namespace {

struct Options {
  std::string what;  // a file or a sensor
  sensordata::SourceSettings sensors;
  std::vector<std::string> columns;
  std::string before;
};

absl::StatusOr<sensordata::ReadRequest> RequestOf(const Options& options) {
  sensordata::ReadRequest request{.sensor_id = options.what, .columns = options.columns};
  if (options.before.empty()) return request;
  FLEETCAST_ASSIGN_OR_RETURN(const absl::Time before, ParseTime("--before", options.before));
  request.before_unix_seconds = absl::ToUnixSeconds(before);
  return request;
}

absl::Status Unknown(const Options& options) {
  return InvalidField(
      "FILE|SENSOR", QuotedUtf8(options.what, 80) +
                         " is no file here; for a sensor of a source say where with --sensor-data");
}

// A file where one is named, else the sensor of the source.
absl::StatusOr<CheckedData> Read(const Options& options) {
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::ReadRequest request, RequestOf(options));
  CheckedData data;
  sensordata::RawReadings readings;
  std::error_code ignored;
  if (options.sensors.data.empty()) {
    if (!std::filesystem::exists(options.what, ignored)) return Unknown(options);
    FLEETCAST_ASSIGN_OR_RETURN(const auto format, sensordata::FormatOf(options.sensors.format));
    FLEETCAST_ASSIGN_OR_RETURN(sensordata::CsvTable table,
                               sensordata::ReadCsvFile(options.what, request, format));
    data.place = options.what;
    data.dialect = std::move(table.dialect);
    readings = std::move(table.readings);
  } else {
    FLEETCAST_ASSIGN_OR_RETURN(const auto source, sensordata::OpenSensorSource(options.sensors));
    FLEETCAST_ASSIGN_OR_RETURN(readings, source->Read(request));
    data.place = source->Location(options.what);
  }
  FLEETCAST_ASSIGN_OR_RETURN(data.check, sensordata::CheckReadings(readings));
  return data;
}

absl::Status Check(const Options& options, Session& session) {
  FLEETCAST_ASSIGN_OR_RETURN(const CheckedData data, Read(options));
  session.Show(DataCheckJson(data),
               [&](const Terminal& terminal) { return DataCheckText(data, terminal); });
  return absl::OkStatus();
}

}  // namespace

void AddDataCheckVerb(CLI::App& noun, Session& session) {
  const auto options = std::make_shared<Options>();
  CLI::App& verb = AddVerb(
      noun, session,
      {.name = "check",
       .about = "what is read of a sensor: format, step, gaps, outliers, stuck and bad readings",
       .examples = "fleetcast data check 'pump 7 (2).csv'\n"
                   "fleetcast data check export.csv --sensor-csv-time-zone Europe/Berlin\n"
                   "fleetcast data check export.csv --columns Temperatur,Druck -o json\n"
                   "fleetcast data check SENSOR_P001_C001 --sensor-data data/\n"
                   "fleetcast data check SENSOR_P001_C001 --sensor-source postgres "
                   "--sensor-data \"host=db dbname=plant\""},
      [options, &session] { return Check(*options, session); });
  verb.add_option("FILE|SENSOR", options->what, "a CSV file; with --sensor-data, a sensor's id")
      ->required();
  verb.add_option("--columns", options->columns, "only these; all of them must be numbers")
      ->delimiter(',');
  verb.add_option("--before", options->before,
                  "only rows before this time (UTC), or to a day's end");
  AddSourceFlags(verb, options->sensors);
  AddFormatFlags(verb, options->sensors.format);
}

}  // namespace fleetcast::cli
