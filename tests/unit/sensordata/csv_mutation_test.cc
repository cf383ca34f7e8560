// Whatever bytes stand in a sensor's file, reading it ends with readings or with an error that can
// be stored and sent.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_file.h"
#include "common/sensordata/profile.h"
#include "common/sensordata/selection.h"
#include "tests/support/mutation.h"

namespace fleetcast::sensordata {
namespace {

std::optional<std::string> BrokenText(const std::string& text, std::size_t max_bytes) {
  if (PrintableUtf8(text, max_bytes) == text) return std::nullopt;
  return "not printable, or longer than " + std::to_string(max_bytes) + ": " + text;
}

std::optional<std::string> BrokenError(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kFailedPrecondition)
    return "unexpected " + status.ToString();
  if (ReasonOf(status).empty()) return "no reason: " + status.ToString();
  if (auto broken = BrokenText(std::string(status.message()), 4096)) return broken;
  const auto details = DetailsOf(status);
  for (const auto& [name, value] : details->metadata)
    if (auto broken = BrokenText(value, 1024)) return name + " is " + *broken;
  return std::nullopt;
}

std::optional<std::string> BrokenReadings(const RawReadings& readings) {
  if (readings.columns.empty()) return "no columns";
  if (readings.values.size() != readings.rows() * readings.columns.size()) return "a ragged table";
  if (!readings.quality.empty() && readings.quality.size() != readings.values.size())
    return "ragged qualities";
  for (const DataIssue& issue : readings.issues)
    if (auto broken = BrokenText(issue.message, 2000)) return broken;
  if (std::set(readings.columns.begin(), readings.columns.end()).size() != readings.columns.size())
    return "a column stands there twice";
  for (const std::string& column : readings.columns)
    if (!IsColumnName(column)) return "a column is called " + column;
  if (const auto profile = ProfileReadings(readings); profile.ok()) {
    for (const DataIssue& issue : profile->issues)
      if (auto broken = BrokenText(issue.message, 2000)) return broken;
  } else if (auto broken = BrokenError(profile.status())) {
    return broken;
  }
  const auto grid = RegularGrid(readings);
  return grid.ok() ? std::nullopt : BrokenError(grid.status());
}

std::optional<std::string> BrokenInvariant(const std::string& text) {
  for (const ReadRequest& request :
       {ReadRequest{.sensor_id = "S1"}, ReadRequest{.sensor_id = "S1", .columns = {"T (°C)", "b"}},
        ReadRequest{.sensor_id = "S1", .last_rows = 2, .max_values = 12}}) {
    const auto table = ParseCsv(text, "/data/S1.csv", request);
    if (auto broken = table.ok() ? BrokenReadings(table->readings) : BrokenError(table.status()))
      return broken;
  }
  return std::nullopt;
}

TEST(CsvMutation, AMutatedFileGivesReadingsOrAnErrorThatCanBeStored) {
  const std::vector<std::string> seeds = {
      "time,T (°C),b\n2025-12-09 10:00:00,1.5,2\n2025-12-09 11:00:00,,-3e2\n2025-12-09 "
      "12:00:00,4,5\n",
      "\xEF\xBB\xBF\"time\",\"T (°C)\",\"b\"\r\n\"2025-12-09T10:00:00+01:00\",\"1\",NaN\r\n\r\n"
      "2025-12-09T11:00:00Z,inf,7\r\n2025-12-10,8,9\r\n",
      "t,T (\xB0"
      "C),b,c\n2025-12-09,1,2,3\n2025-12-10,21 \xB0"
      "C,5,6\n2025-12-11,7,8,9\n",
      std::string("t,a\0b,b\n2025-12-09,1,2\n2025-12-10,3,4\n", 38),
      "sep=;\nDatum;Uhrzeit;T (°C);b;quality;\n31.12.2025;23:00;1,5;2;Good;\n1.1.2026;0:15;;3,5;"
      "Bad;\n",
      ",b,T (°C)\n1765843200000,1,2\n1765846800000,3,4\n"};
  const std::vector<std::string> fragments = {",",
                                              ";",
                                              "/",
                                              ".",
                                              "|",
                                              "sep=",
                                              "uncertain",
                                              "1,234",
                                              "12/31/2025",
                                              "1765843200",
                                              "\"",
                                              "\"\"",
                                              "\n",
                                              "\r\n",
                                              "\r",
                                              " ",
                                              "\t",
                                              "nan",
                                              "NA",
                                              "inf",
                                              "1e99",
                                              "\xEF\xBB\xBF",
                                              "\xB0",
                                              "\xC3",
                                              "\xFF\xFE",
                                              "\x1b",
                                              "Z",
                                              "-",
                                              "+",
                                              "0000-01-01",
                                              "9999-12-31",
                                              "2025-12-09",
                                              std::string(1, '\0')};
  const auto broken = testing::FirstBroken(seeds, fragments, BrokenInvariant);
  EXPECT_FALSE(broken) << *broken;
}

}  // namespace
}  // namespace fleetcast::sensordata
