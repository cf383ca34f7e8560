#include "common/sensordata/postgres_source.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <pqxx/pqxx>
#include <utility>

#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/db/transaction.h"
#include "common/sensordata/selection.h"
#include "common/sensordata/sql_identifier.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// Comparisons of a timestamp without time zone take the session's; ours is the data's, UTC. Every
// row of the cursor is fetched.
constexpr char kBegin[] =
    "SET TRANSACTION READ ONLY; SET LOCAL TIME ZONE 'UTC'; SET LOCAL cursor_tuple_fraction = 1";

// What libpq holds at a time as text, beside the readings.
constexpr std::size_t kCellsPerFetch = 500'000;

// The bounds of a request that gives none; they leave out the infinite timestamps.
constexpr char kEarliest[] = "0001-01-01T00:00:00Z";
constexpr char kLatest[] = "9999-12-31T00:00:00Z";

bool IsNumericType(pqxx::oid type) {
  for (const pqxx::oid numeric : {20, 21, 23, 700, 701, 1700}) {  // int8 int2 int4 float4 float8
    if (type == numeric) return true;                             // and numeric
  }
  return false;
}

// timestamptz, timestamp and date; bigint and text say neither unit nor format.
bool IsTimeType(pqxx::oid type) { return type == 1184 || type == 1114 || type == 1082; }

double ValueOf(const pqxx::field& field) {
  double value = std::numeric_limits<double>::quiet_NaN();
  if (!field.is_null()) std::from_chars(field.c_str(), field.c_str() + field.size(), value);
  return value;
}

std::int64_t IntegerOf(const pqxx::field& field) {
  std::int64_t value = 0;
  std::from_chars(field.c_str(), field.c_str() + field.size(), value);
  return value;
}

void ReverseRows(RawReadings& readings) {
  std::reverse(readings.unix_seconds.begin(), readings.unix_seconds.end());
  const auto width = static_cast<std::ptrdiff_t>(readings.columns.size());
  const auto reverse_rows = [width](auto& cells) {
    std::reverse(cells.begin(), cells.end());
    for (auto row = cells.begin(); row != cells.end(); row += width) std::reverse(row, row + width);
  };
  reverse_rows(readings.values);
  reverse_rows(readings.quality);
}

absl::Status Misconfigured(const std::string& setting, const std::string& value,
                           const std::string& problem) {
  return Refused(absl::StatusCode::kFailedPrecondition, "SENSOR_SOURCE_MISCONFIGURED",
                 "setting " + setting + " is " + QuotedUtf8(value, 130) + ": " + problem,
                 {{"setting", setting}, {"value", value}});
}

absl::Status Unavailable(const absl::Status& status, const std::string& location) {
  return MakeError(absl::StatusCode::kUnavailable,
                   "cannot read " + location + ": " + std::string(status.message()),
                   {.reason = "SENSOR_SOURCE_UNAVAILABLE",
                    .metadata = {{"source", location}, {"cause", ReasonOf(status)}},
                    .retry_after = absl::Seconds(5)});
}

// What the database refuses for good, by SQLSTATE, is a setting's fault or the data's. Everything
// else that it or the way to it says passes, and is worth another try.
absl::Status AsSourceError(const absl::Status& status, const PostgresSourceOptions& options,
                           const std::string& location) {
  const auto details = DetailsOf(status);
  if (!details || !absl::StartsWith(details->reason, "POSTGRES_")) return status;
  const auto found = details->metadata.find("sqlstate");
  const std::string sqlstate = found == details->metadata.end() ? "" : found->second;
  const std::string said(status.message());
  if (sqlstate == "42P01" || sqlstate == "3F000")
    return Misconfigured("sensor-table", options.table,
                         "there is no such table in the database of sensor-data; " + said);
  if (sqlstate == "42501")
    return Misconfigured("sensor-table", options.table,
                         "the role of sensor-data may not read it; grant USAGE on its schema and "
                         "SELECT on the table; " +
                             said);
  if (absl::StartsWith(sqlstate, "42") || sqlstate == "22P02")
    return Misconfigured("sensor-id-column", options.id_column,
                         "its type holds no sensor ids, which are text; " + said);
  if (absl::StartsWith(sqlstate, "22"))
    return Refused(absl::StatusCode::kFailedPrecondition, "SENSOR_DATA_MALFORMED",
                   location + " holds a value that cannot be read: " + said,
                   {{"source", location}, {"sqlstate", sqlstate}});
  return Unavailable(status, location);
}

struct TableColumns {
  std::vector<std::string> all, numeric;  // without the sensor's id and time
};

// The columns of one read, and those that say how good its readings are.
struct Selection {
  std::vector<std::string> columns;  // values
  std::vector<std::string> qualities;
  QualityColumns places;  // in `qualities`
};

// Columns of numbers are of quality only where the policy says what they mean.
absl::StatusOr<Selection> SelectionOf(const ReadRequest& request, const TableColumns& table,
                                      const QualityPolicy& policy, RawReadings& readings) {
  const auto is_numeric = [&](const std::string& column) {
    return std::find(table.numeric.begin(), table.numeric.end(), column) != table.numeric.end();
  };
  for (const std::string& column : request.columns)
    if (!is_numeric(column)) return ColumnMissing(request.sensor_id, column, table.numeric);
  Selection selection;
  selection.columns = request.columns.empty() ? table.numeric : request.columns;
  QualityColumns found = FindQualityColumns(table.all, selection.columns, request.columns, policy);
  std::map<std::size_t, std::optional<std::size_t>> chosen;  // by place in table.all
  const auto choose = [&](std::optional<std::size_t>& place) {
    if (!place) return;
    const std::string& column = table.all[*place];
    const auto [entry, is_new] = chosen.emplace(*place, std::nullopt);
    const bool unread = policy.codes == QualityCodes::kNone && is_numeric(column);
    if (is_new && unread) readings.issues.push_back(UnreadQuality(column));
    if (is_new && !unread) {
      entry->second = selection.qualities.size();
      selection.qualities.push_back(column);
    }
    place = entry->second;
  };
  choose(found.row);
  for (auto& place : found.cells) choose(place);
  for (std::size_t i = selection.columns.size(); i-- > 0;) {
    const auto& names = selection.qualities;
    if (std::find(names.begin(), names.end(), selection.columns[i]) == names.end()) continue;
    selection.columns.erase(selection.columns.begin() + static_cast<std::ptrdiff_t>(i));
    found.cells.erase(found.cells.begin() + static_cast<std::ptrdiff_t>(i));
  }
  selection.places = std::move(found);
  return selection;
}

}  // namespace

struct PostgresSource::State {
  explicit State(const PostgresSourceOptions& given)
      : options(given),
        pool({.dsn = given.dsn,
              .size = given.connections,
              .acquire_timeout = given.statement_timeout,
              .statement_timeout = given.statement_timeout,
              .application_name = "fleetcast-sensordata"}),
        table(QuoteTable(given.table)),
        id(QuoteIdentifier(given.id_column)),
        time(QuoteIdentifier(given.time_column)) {}

  // Checks that the sensor's id and time are there, and of which type the time is.
  [[nodiscard]] absl::StatusOr<TableColumns> ReadColumns(pqxx::work& work) const;
  [[nodiscard]] std::string SelectRows(const Selection& selection,
                                       const std::vector<std::string>& numeric,
                                       bool newest_first) const;
  [[nodiscard]] absl::Status CheckSensorExists(pqxx::work& work, const std::string& sensor) const;
  [[nodiscard]] absl::Status FetchRows(pqxx::work& work, const ReadRequest& request,
                                       const Selection& selection, RawReadings& readings) const;
  [[nodiscard]] absl::Status AddRow(const pqxx::row& row, const Selection& selection,
                                    RawReadings& readings) const;
  [[nodiscard]] absl::Status NoQuality(const std::string& column, const std::string& cell,
                                       std::int64_t time) const;
  [[nodiscard]] absl::StatusOr<RawReadings> Read(pqxx::work& work,
                                                 const ReadRequest& request) const;

  PostgresSourceOptions options;
  db::ConnectionPool pool;
  std::string table, id, time;  // quoted
};

absl::StatusOr<TableColumns> PostgresSource::State::ReadColumns(pqxx::work& work) const {
  const pqxx::result empty = work.exec("SELECT * FROM " + table + " LIMIT 0");
  TableColumns columns;
  bool has_id = false;
  pqxx::oid time_type = 0;
  for (pqxx::row::size_type i = 0; i < empty.columns(); ++i) {
    const std::string name = empty.column_name(i);
    has_id = has_id || name == options.id_column;
    if (name == options.time_column) time_type = empty.column_type(i);
    if (name == options.id_column || name == options.time_column || !IsColumnName(name)) continue;
    columns.all.push_back(name);
    if (IsNumericType(empty.column_type(i))) columns.numeric.push_back(name);
  }
  const std::string has = "table " + options.table + " has ";
  if (!has_id) return Misconfigured("sensor-id-column", options.id_column, has + "no such column");
  if (time_type == 0)
    return Misconfigured("sensor-time-column", options.time_column, has + "no such column");
  if (!IsTimeType(time_type)) {
    const auto type = work.exec_params1("SELECT format_type($1::oid, NULL)", time_type);
    return Misconfigured("sensor-time-column", options.time_column,
                         has + "it as " + type[0].c_str() +
                             "; it must be timestamptz or timestamp: a view can convert it");
  }
  return columns;
}

std::string PostgresSource::State::SelectRows(const Selection& selection,
                                              const std::vector<std::string>& numeric,
                                              bool newest_first) const {
  const std::string direction = newest_first ? " DESC" : " ASC";
  std::string sql = "SELECT floor(extract(epoch FROM " + time + "))::bigint";
  for (const std::string& column : selection.columns)
    sql += ", " + QuoteIdentifier(column) + "::float8";
  for (const std::string& column : selection.qualities)
    sql += ", " + QuoteIdentifier(column) + "::text";
  sql += " FROM " + table + " WHERE " + id + " = $1 AND " + time + " >= $2::timestamptz AND " +
         time + " < $3::timestamptz ORDER BY " + time + direction;
  for (const std::string& column : numeric) sql += ", " + QuoteIdentifier(column) + direction;
  return sql + " LIMIT $4::bigint";
}

absl::Status PostgresSource::State::CheckSensorExists(pqxx::work& work,
                                                      const std::string& sensor) const {
  const pqxx::result found =
      work.exec_params("SELECT EXISTS (SELECT 1 FROM " + table + " WHERE " + id + " = $1)", sensor);
  if (found[0][0].as<bool>()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kNotFound,
                   "sensor '" + sensor + "' has no rows in table " + options.table +
                       "; check training.data_filters.sensor_id and the setting sensor-table",
                   {.reason = "SENSOR_NOT_FOUND",
                    .metadata = {{"sensor_id", sensor}, {"table", options.table}},
                    .resource_type = "Sensor",
                    .resource_name = sensor});
}

absl::Status PostgresSource::State::FetchRows(pqxx::work& work, const ReadRequest& request,
                                              const Selection& selection,
                                              RawReadings& readings) const {
  const std::size_t width = readings.columns.size();
  const std::size_t cells = width + selection.qualities.size() + 1;
  const std::size_t batch = std::max<std::size_t>(1, kCellsPerFetch / cells);
  const std::string fetch = "FETCH FORWARD " + std::to_string(batch) + " FROM readings";
  for (;;) {
    const pqxx::result rows = work.exec(fetch);
    for (const pqxx::row row : rows) {
      if ((readings.rows() + 1) * std::max<std::size_t>(1, width) > request.max_values)
        return TooLarge(request, "table " + options.table,
                        std::to_string(request.max_values) + " values");
      FLEETCAST_RETURN_IF_ERROR(AddRow(row, selection, readings));
    }
    if (static_cast<std::size_t>(rows.size()) < batch) return absl::OkStatus();
  }
}

absl::Status PostgresSource::State::AddRow(const pqxx::row& row, const Selection& selection,
                                           RawReadings& readings) const {
  const std::size_t width = readings.columns.size();
  readings.unix_seconds.push_back(IntegerOf(row[0]));
  const auto field = [&row](std::size_t place) {
    return row[static_cast<pqxx::row::size_type>(place)];
  };
  for (std::size_t i = 0; i < width; ++i) readings.values.push_back(ValueOf(field(1 + i)));
  if (!selection.places.any()) return absl::OkStatus();
  std::vector<Quality> qualities;
  qualities.reserve(selection.qualities.size());
  for (std::size_t i = 0; i < selection.qualities.size(); ++i) {
    const pqxx::field cell = field(1 + width + i);
    const auto quality = ParseQuality(cell.is_null() ? "" : cell.c_str(), options.quality);
    if (!quality) return NoQuality(selection.qualities[i], cell.c_str(), IntegerOf(row[0]));
    qualities.push_back(*quality);
  }
  const auto at = [&](const std::optional<std::size_t>& place) {
    return place ? qualities[*place] : Quality::kGood;
  };
  for (std::size_t i = 0; i < width; ++i) {
    readings.quality.push_back(std::max(at(selection.places.row), at(selection.places.cells[i])));
    if (readings.quality.back() == Quality::kBad)
      readings.values[readings.values.size() - width + i] =
          std::numeric_limits<double>::quiet_NaN();
  }
  return absl::OkStatus();
}

absl::Status PostgresSource::State::NoQuality(const std::string& column, const std::string& cell,
                                              std::int64_t time) const {
  return Refused(absl::StatusCode::kFailedPrecondition, "SENSOR_DATA_MALFORMED",
                 "table " + options.table + ", column " + QuotedUtf8(column, 80) + " at " +
                     FormatTimestamp(time) + ": " + QuotedUtf8(cell, 40) + QualityRemedy(),
                 {{"table", options.table}, {"column", column}});
}

absl::StatusOr<RawReadings> PostgresSource::State::Read(pqxx::work& work,
                                                        const ReadRequest& request) const {
  work.exec(kBegin);
  FLEETCAST_ASSIGN_OR_RETURN(const TableColumns columns, ReadColumns(work));
  RawReadings readings;
  FLEETCAST_ASSIGN_OR_RETURN(const Selection selection,
                             SelectionOf(request, columns, options.quality, readings));
  readings.columns = selection.columns;
  const auto bound = [](const std::optional<std::int64_t>& time, const char* none) {
    return time ? FormatTimestamp(*time) : std::string(none);
  };
  const std::string limit = request.last_rows ? std::to_string(*request.last_rows) : "";
  work.exec_params("DECLARE readings NO SCROLL CURSOR FOR " +
                       SelectRows(selection, columns.numeric, request.last_rows.has_value()),
                   request.sensor_id, bound(request.from_unix_seconds, kEarliest),
                   bound(request.before_unix_seconds, kLatest),
                   request.last_rows ? limit.c_str() : static_cast<const char*>(nullptr));
  FLEETCAST_RETURN_IF_ERROR(FetchRows(work, request, selection, readings));
  if (readings.rows() == 0) FLEETCAST_RETURN_IF_ERROR(CheckSensorExists(work, request.sensor_id));
  if (request.last_rows) ReverseRows(readings);
  return readings;
}

PostgresSource::PostgresSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
PostgresSource::~PostgresSource() = default;

absl::StatusOr<std::unique_ptr<PostgresSource>> PostgresSource::Open(
    PostgresSourceOptions options) {
  FLEETCAST_RETURN_IF_ERROR(CheckTable("sensor_table", options.table));
  FLEETCAST_RETURN_IF_ERROR(CheckIdentifier("sensor_id_column", options.id_column));
  FLEETCAST_RETURN_IF_ERROR(CheckIdentifier("sensor_time_column", options.time_column));
  auto state = std::make_unique<State>(options);
  return std::unique_ptr<PostgresSource>(new PostgresSource(std::move(state)));
}

std::string PostgresSource::Location(const std::string& sensor_id) const {
  return "postgres table " + PrintableLine(state_->options.table, 130) + ", " +
         PrintableLine(state_->options.id_column, 70) + " = " + sensor_id;
}

absl::StatusOr<RawReadings> PostgresSource::Read(const ReadRequest& request) {
  FLEETCAST_RETURN_IF_ERROR(CheckReadRequest(request));
  return ReadWithinMemory(request, [&]() -> absl::StatusOr<RawReadings> {
    auto readings = db::ReadInTransaction(state_->pool, [&](pqxx::work& work) {
      return ReadWithinMemory(request, [&] { return state_->Read(work, request); });
    });
    if (readings.ok()) return readings;
    return AsSourceError(readings.status(), state_->options, Location(request.sensor_id));
  });
}

}  // namespace fleetcast::sensordata
