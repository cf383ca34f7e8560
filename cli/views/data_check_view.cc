#include "cli/views/data_check_view.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/output/table.h"
#include "cli/output/text.h"
#include "common/sensordata/regular_breaks.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::cli {
namespace {

using Json = nlohmann::ordered_json;
using sensordata::ColumnCheck;
using sensordata::CsvDialect;
using sensordata::DataCheck;
using sensordata::FormatTimestamp;
using sensordata::Stretch;

std::string SeparatorName(char separator) {
  switch (separator) {
    case ';':
      return "semicolon";
    case '\t':
      return "tab";
    case '|':
      return "pipe";
    default:
      return "comma";
  }
}

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json DialectJson(const CsvDialect& dialect) {
  return {{"separator", SeparatorName(dialect.separator)},
          {"decimal", dialect.decimal == ',' ? "comma" : "point"},
          {"time_column", dialect.header[dialect.time_column]},
          {"time_format", NameOf(dialect.time_format)},
          {"time_zone", dialect.time_zone.name()},
          {"encoding", dialect.latin1 ? "latin-1" : "utf-8"}};
}

// Cells that are empty or not finite, without those that are masked for their quality.
std::int64_t MissingOf(const ColumnCheck& column) {
  return column.statistics.missing - column.bad_quality;
}

Json StretchesJson(const std::vector<Stretch>& stretches) {
  Json json = Json::array();
  for (const Stretch& stretch : stretches)
    json.push_back({{"first_time", FormatTimestamp(stretch.first_unix_seconds)},
                    {"last_time", FormatTimestamp(stretch.last_unix_seconds)},
                    {"count", stretch.count}});
  return json;
}

Json ColumnJson(const ColumnCheck& column) {
  const sensordata::ColumnProfile& statistics = column.statistics;
  Json outliers = Json::array(), sentinels = Json::array();
  for (const sensordata::Cell& cell : column.first_outliers)
    outliers.push_back(
        {{"time", FormatTimestamp(cell.unix_seconds)}, {"value", Number(cell.value)}});
  for (const sensordata::Sentinel& sentinel : column.sentinels)
    sentinels.push_back({{"value", Number(sentinel.value)}, {"count", sentinel.count}});
  return {{"name", statistics.name},
          {"missing", MissingOf(column)},
          {"bad_quality", column.bad_quality},
          {"uncertain_quality", column.uncertain_quality},
          {"minimum", Number(statistics.minimum)},
          {"median", Number(column.median)},
          {"maximum", Number(statistics.maximum)},
          {"mean", Number(statistics.mean)},
          {"standard_deviation", Number(statistics.standard_deviation)},
          {"constant", column.constant},
          {"stuck", column.stuck},
          {"longest_stuck", StretchesJson(column.stuck_stretches)},
          {"outliers", column.outliers},
          {"first_outliers", std::move(outliers)},
          {"sentinels", std::move(sentinels)}};
}

Json IssuesJson(const std::vector<sensordata::DataIssue>& issues) {
  Json json = Json::array();
  for (const sensordata::DataIssue& issue : issues)
    json.push_back({{"kind", NameOf(issue.kind)},
                    {"column", issue.column},
                    {"count", issue.count},
                    {"message", issue.message}});
  return json;
}

std::string WrittenText(const CsvDialect& dialect) {
  return absl::StrCat(SeparatorName(dialect.separator), "s between fields, decimal ",
                      dialect.decimal == ',' ? "comma" : "point", ", time ",
                      NameOf(dialect.time_format), " in column \"",
                      dialect.header[dialect.time_column],
                      dialect.time_of_day_follows ? "\" and the next" : "\"", ", ",
                      dialect.time_zone.name(), ", ", dialect.latin1 ? "Latin-1" : "UTF-8");
}

std::string SpanText(std::int64_t seconds) { return DurationText(absl::Seconds(seconds)); }

std::string TimeText(std::int64_t time) { return MinuteText(absl::FromUnixSeconds(time)); }

std::string SummaryText(const CheckedData& data, const Terminal& terminal) {
  const DataCheck& check = data.check;
  Properties properties;
  properties.Add("data", data.place);
  if (data.dialect) properties.Add("written with", WrittenText(*data.dialect));
  properties.Add("rows", absl::StrCat(check.profile.row_count, " from ",
                                      TimeText(check.profile.first_unix_seconds), " to ",
                                      TimeText(check.profile.last_unix_seconds)));
  properties.Add("step", SpanText(check.profile.step_seconds));
  properties.Add("missing", absl::StrCat(check.missing_rows, " of ", check.grid_rows,
                                         " rows of the regular grid"));
  std::vector<std::string> gaps;
  gaps.reserve(check.gaps.size());
  for (const Stretch& gap : check.gaps)
    gaps.push_back(
        absl::StrCat(Count(gap.count, "row"), " from ", TimeText(gap.first_unix_seconds)));
  properties.AddGiven("longest gaps", absl::StrJoin(gaps, ", "));
  if (!check.break_hours.empty())
    properties.Add("never rows on", sensordata::DescribeBreaks(check.break_hours));
  return properties.Render(terminal);
}

std::string SentinelText(const ColumnCheck& column) {
  std::vector<std::string> texts;
  texts.reserve(column.sentinels.size());
  for (const sensordata::Sentinel& sentinel : column.sentinels)
    texts.push_back(absl::StrCat(sentinel.count, " × ", NumberText(sentinel.value)));
  return absl::StrJoin(texts, ", ");
}

std::string OutlierText(const ColumnCheck& column) {
  if (column.first_outliers.empty()) return "";
  const sensordata::Cell& first = column.first_outliers.front();
  return absl::StrCat(column.outliers, ", first ", NumberText(first.value), " at ",
                      TimeText(first.unix_seconds));
}

std::string ColumnTable(const DataCheck& check, const Terminal& terminal) {
  constexpr auto kRight = Column::Align::kRight;
  Table table({{"COLUMN"},
               {"MISSING", kRight},
               {"BAD", kRight},
               {"MINIMUM", kRight},
               {"MEDIAN", kRight},
               {"MAXIMUM", kRight},
               {"STUCK", kRight},
               {"SENTINELS"},
               {"OUTLIERS"}});
  for (const ColumnCheck& column : check.columns) {
    const bool empty = std::isnan(column.median);
    const auto number = [empty](double value) { return empty ? "" : NumberText(value); };
    table.AddRow({column.statistics.name, std::to_string(MissingOf(column)),
                  std::to_string(column.bad_quality), number(column.statistics.minimum),
                  number(column.median), number(column.statistics.maximum),
                  column.constant ? std::string("constant") : std::to_string(column.stuck),
                  SentinelText(column), OutlierText(column)});
  }
  return table.Render(terminal);
}

std::string IssueTable(const DataCheck& check, const Terminal& terminal) {
  if (check.profile.issues.empty()) return "nothing irregular\n";
  Table table({{"IRREGULARITY"}, {"COUNT", Column::Align::kRight}, {"WHAT"}});
  for (const sensordata::DataIssue& issue : check.profile.issues)
    table.AddRow({NameOf(issue.kind), std::to_string(issue.count), issue.message});
  return table.Render(terminal);
}

}  // namespace

Json DataCheckJson(const CheckedData& data) {
  const DataCheck& check = data.check;
  Json json = {{"data", data.place}};
  json["dialect"] = data.dialect ? DialectJson(*data.dialect) : Json(nullptr);
  json["rows"] = check.profile.row_count;
  json["first_time"] = FormatTimestamp(check.profile.first_unix_seconds);
  json["last_time"] = FormatTimestamp(check.profile.last_unix_seconds);
  json["step_seconds"] = check.profile.step_seconds;
  json["grid_rows"] = check.grid_rows;
  json["missing_rows"] = check.missing_rows;
  json["rows_before_grid"] = check.rows_before_grid;
  json["longest_gaps"] = StretchesJson(check.gaps);
  json["step_changes"] = Json::array();
  for (const sensordata::StepChange& change : check.step_changes)
    json["step_changes"].push_back({{"time", FormatTimestamp(change.unix_seconds)},
                                    {"before_seconds", change.before_seconds},
                                    {"after_seconds", change.after_seconds}});
  json["break_hours"] = check.break_hours;
  json["fingerprint"] = check.profile.fingerprint;
  json["columns"] = Json::array();
  for (const ColumnCheck& column : check.columns) json["columns"].push_back(ColumnJson(column));
  json["issues"] = IssuesJson(check.profile.issues);
  return json;
}

std::string DataCheckText(const CheckedData& data, const Terminal& terminal) {
  return absl::StrCat(SummaryText(data, terminal), "\n", ColumnTable(data.check, terminal), "\n",
                      IssueTable(data.check, terminal));
}

}  // namespace fleetcast::cli
