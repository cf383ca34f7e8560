#include "tests/support/sensordata/csv_invariants.h"

#include <cmath>
#include <set>

#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/csv_file.h"
#include "common/sensordata/data_check.h"
#include "common/sensordata/masked_grid.h"
#include "common/sensordata/selection.h"

namespace fleetcast::sensordata::testing {
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
  const auto grid = MaskedGridOf(readings);
  if (!grid.ok()) return BrokenError(grid.status());
  for (std::size_t cell = 0; cell < grid->cells.size(); ++cell)
    if (std::isnan(grid->series.values[cell]) != (grid->cells[cell] != CellState::kObserved))
      return "a cell is not what its state says";
  const auto check = CheckReadings(readings);
  return check.ok() ? std::nullopt : BrokenError(check.status());
}

}  // namespace

std::optional<std::string> BrokenCsvInvariant(const std::string& text) {
  for (const ReadRequest& request :
       {ReadRequest{.sensor_id = "S1"}, ReadRequest{.sensor_id = "S1", .columns = {"T (°C)", "b"}},
        ReadRequest{.sensor_id = "S1", .last_rows = 2, .max_values = 12}}) {
    const auto table = ParseCsv(text, "/data/S1.csv", request);
    if (auto broken = table.ok() ? BrokenReadings(table->readings) : BrokenError(table.status()))
      return broken;
  }
  return std::nullopt;
}

}  // namespace fleetcast::sensordata::testing
