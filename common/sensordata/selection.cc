#include "common/sensordata/selection.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/sensordata/profile.h"

namespace fleetcast::sensordata {
namespace {

RawReadings RowsOf(const RawReadings& readings, const std::vector<std::size_t>& rows) {
  const std::size_t width = readings.columns.size();
  RawReadings kept;
  kept.columns = readings.columns;
  kept.unix_seconds.reserve(rows.size());
  kept.issues = readings.issues;
  kept.values.reserve(rows.size() * width);
  kept.quality.reserve(readings.quality.empty() ? 0 : rows.size() * width);
  const auto keep_row = [width](const auto& from, std::size_t row, auto& to) {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row * width);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(width));
  };
  for (const std::size_t row : rows) {
    kept.unix_seconds.push_back(readings.unix_seconds[row]);
    keep_row(readings.values, row, kept.values);
    if (!readings.quality.empty()) keep_row(readings.quality, row, kept.quality);
  }
  return kept;
}

std::string Shown(const std::string& column) { return QuotedUtf8(column, 80); }

// The first of them and how many more there are: a sensor may have a thousand.
std::string NamesOf(const std::vector<std::string>& columns) {
  constexpr std::size_t kShown = 20;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(kShown, columns.size()); ++i)
    shown.push_back(PrintableLine(columns[i], 80));
  std::string names = absl::StrJoin(shown, ", ");
  if (columns.size() > kShown) absl::StrAppend(&names, " and ", columns.size() - kShown, " more");
  return names;
}

}  // namespace

bool IsColumnName(std::string_view name) {
  constexpr std::size_t kLongest = 200;  // of a column in the registry, and more than config takes
  return !name.empty() && name.size() <= kLongest && PrintableUtf8(name, kLongest) == name;
}

absl::Status ColumnMissing(const std::string& sensor_id, const std::string& column,
                           const std::vector<std::string>& available) {
  const std::string list = NamesOf(available);
  return Refused(
      absl::StatusCode::kFailedPrecondition, "SENSOR_COLUMN_MISSING",
      absl::StrCat("sensor '", sensor_id, "' has no column ", Shown(column), "; it has: ", list,
                   ". Name one of these in feature_columns or target_column"),
      {{"sensor_id", sensor_id}, {"column", column}, {"available", list}});
}

absl::Status TooLarge(const ReadRequest& request, const std::string& what,
                      const std::string& limit) {
  return Refused(
      absl::StatusCode::kFailedPrecondition, "DATA_TOO_LARGE",
      absl::StrCat("sensor '", request.sensor_id, "': ", what, " holds more than ", limit,
                   ", the most that is read at once; keep fewer rows or columns of this "
                   "sensor, or coarser steps"),
      {{"sensor_id", request.sensor_id}, {"limit", limit}});
}

absl::Status TooLittleMemory(const ReadRequest& request) {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   absl::StrCat("too little memory to read sensor '", request.sensor_id,
                                "'; give the process more, or fewer slots"),
                   {.reason = "OUT_OF_MEMORY",
                    .metadata = {{"sensor_id", request.sensor_id}},
                    .retry_after = absl::Seconds(5)});
}

void KeepLastRows(RawReadings& readings, std::size_t count) {
  const std::size_t rows = readings.rows();
  if (rows <= count) return;
  const auto& time = readings.unix_seconds;
  std::vector<std::size_t> order(rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!std::is_sorted(time.begin(), time.end())) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return time[a] < time[b]; });
  }
  order.erase(order.begin(), order.end() - static_cast<std::ptrdiff_t>(count));
  std::sort(order.begin(), order.end());
  readings = RowsOf(readings, order);
}

absl::Status CheckReadRequest(const ReadRequest& request) {
  constexpr std::size_t kLongestId = 256;  // bytes
  if (request.sensor_id.empty() ||
      PrintableLine(request.sensor_id, kLongestId) != request.sensor_id) {
    return InvalidField("sensor_id",
                        QuotedUtf8(request.sensor_id, 80) +
                            " is no sensor id; one is printable text of 1 to 256 bytes",
                        "INVALID_ID");
  }
  std::set<std::string> seen;
  for (const std::string& column : request.columns) {
    if (column.empty()) return InvalidField("columns", "a column's name is empty");
    if (!seen.insert(column).second) {
      return InvalidField("columns", "column " + Shown(column) + " is asked for twice");
    }
  }
  return absl::OkStatus();
}

void KeepColumns(RawReadings& readings, const std::vector<std::size_t>& kept) {
  const std::size_t width = readings.columns.size();
  if (kept.size() == width) return;
  const auto compact = [&](auto& cells) {
    std::size_t end = 0;
    for (std::size_t row = 0; row < cells.size(); row += width)
      for (const std::size_t column : kept) cells[end++] = cells[row + column];
    cells.resize(end);
  };
  compact(readings.values);
  compact(readings.quality);
  std::size_t end = 0;
  for (const std::size_t column : kept)
    std::swap(readings.columns[end++], readings.columns[column]);
  readings.columns.resize(end);
}

DataIssue UnreadQuality(const std::string& column) {
  return {DataIssue::Kind::kQualityUnread, column, 1,
          absl::StrCat("column '", column,
                       "' may be of quality, but holds numbers; it is not heeded unless setting "
                       "sensor-quality-codes says what they mean (opc_ua or opc_da)")};
}

std::string QualityRemedy() {
  return " is no quality, which is Good, Uncertain or Bad, or a code that setting "
         "sensor-quality-codes names; set sensor-quality-column to the column of quality, or to "
         "none";
}

}  // namespace fleetcast::sensordata
