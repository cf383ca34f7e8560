#include "common/sensordata/postgres_source.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <pqxx/pqxx>
#include <utility>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/sensordata/selection.h"
#include "common/sensordata/sql_identifier.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// Comparisons of a timestamp without time zone take the session's; ours is the data's, UTC.
constexpr char kBegin[] = "SET TRANSACTION READ ONLY; SET LOCAL TIME ZONE 'UTC'";

// The bounds of a request that gives none; they leave out the infinite timestamps.
constexpr char kEarliest[] = "0001-01-01T00:00:00Z";
constexpr char kLatest[] = "9999-12-31T00:00:00Z";

struct ColumnTypes {
  std::vector<std::string> numeric;  // without the id and the time column
  std::vector<std::string> others;
};

bool IsNumericType(pqxx::oid type) {
  for (const pqxx::oid numeric : {20, 21, 23, 700, 701, 1700}) {  // int8 int2 int4 float4 float8
    if (type == numeric) return true;                             // and numeric
  }
  return false;
}

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

// Everything that is not about the request is about the source, and worth another try.
absl::Status AsSourceError(const absl::Status& status, const std::string& location) {
  if (status.ok() || ReasonOf(status).rfind("SENSOR_", 0) == 0) return status;
  return MakeError(absl::StatusCode::kUnavailable,
                   "cannot read " + location + ": " + std::string(status.message()),
                   {.reason = "SENSOR_SOURCE_UNAVAILABLE",
                    .metadata = {{"source", location}, {"cause", ReasonOf(status)}},
                    .retry_after = absl::Seconds(5)});
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

  [[nodiscard]] ColumnTypes DescribeTable(pqxx::work& work) const;
  [[nodiscard]] absl::StatusOr<std::vector<std::string>> ChooseColumns(
      const ReadRequest& request, const ColumnTypes& types) const;
  [[nodiscard]] std::string SelectRows(const std::vector<std::string>& columns,
                                       const ColumnTypes& types, bool newest_first) const;
  [[nodiscard]] absl::Status CheckSensorExists(pqxx::work& work, const std::string& sensor) const;
  [[nodiscard]] absl::StatusOr<RawReadings> Read(pqxx::work& work,
                                                 const ReadRequest& request) const;

  PostgresSourceOptions options;
  db::ConnectionPool pool;
  std::string table, id, time;  // quoted
};

ColumnTypes PostgresSource::State::DescribeTable(pqxx::work& work) const {
  const pqxx::result empty = work.exec("SELECT * FROM " + table + " LIMIT 0");
  ColumnTypes types;
  for (pqxx::row::size_type i = 0; i < empty.columns(); ++i) {
    const std::string name = empty.column_name(i);
    if (name == options.id_column || name == options.time_column) continue;
    (IsNumericType(empty.column_type(i)) ? types.numeric : types.others).push_back(name);
  }
  return types;
}

absl::StatusOr<std::vector<std::string>> PostgresSource::State::ChooseColumns(
    const ReadRequest& request, const ColumnTypes& types) const {
  if (request.columns.empty()) return types.numeric;
  for (const std::string& column : request.columns) {
    if (std::find(types.numeric.begin(), types.numeric.end(), column) == types.numeric.end()) {
      return ColumnMissing(request.sensor_id, column, types.numeric);
    }
  }
  return request.columns;
}

std::string PostgresSource::State::SelectRows(const std::vector<std::string>& columns,
                                              const ColumnTypes& types, bool newest_first) const {
  const std::string direction = newest_first ? " DESC" : " ASC";
  std::string sql = "SELECT floor(extract(epoch FROM " + time + "))::bigint";
  for (const std::string& column : columns) sql += ", " + QuoteIdentifier(column) + "::float8";
  sql += " FROM " + table + " WHERE " + id + " = $1 AND " + time + " >= $2::timestamptz AND " +
         time + " < $3::timestamptz ORDER BY " + time + direction;
  for (const std::string& column : types.numeric) sql += ", " + QuoteIdentifier(column) + direction;
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

absl::StatusOr<RawReadings> PostgresSource::State::Read(pqxx::work& work,
                                                        const ReadRequest& request) const {
  work.exec(kBegin);
  const ColumnTypes types = DescribeTable(work);
  RawReadings readings;
  FLEETCAST_ASSIGN_OR_RETURN(readings.columns, ChooseColumns(request, types));
  const auto bound = [](const std::optional<std::int64_t>& time, const char* none) {
    return time ? FormatTimestamp(*time) : std::string(none);
  };
  const std::string limit = request.last_rows ? std::to_string(*request.last_rows) : "";
  const pqxx::result rows = work.exec_params(
      SelectRows(readings.columns, types, request.last_rows.has_value()), request.sensor_id,
      bound(request.from_unix_seconds, kEarliest), bound(request.before_unix_seconds, kLatest),
      request.last_rows ? limit.c_str() : static_cast<const char*>(nullptr));
  if (rows.empty()) FLEETCAST_RETURN_IF_ERROR(CheckSensorExists(work, request.sensor_id));

  readings.unix_seconds.reserve(rows.size());
  readings.values.reserve(static_cast<std::size_t>(rows.size()) * readings.columns.size());
  for (pqxx::result::size_type i = 0; i < rows.size(); ++i) {
    const pqxx::row row = rows[request.last_rows ? rows.size() - 1 - i : i];
    readings.unix_seconds.push_back(IntegerOf(row[0]));
    for (pqxx::row::size_type column = 1; column < row.size(); ++column) {
      readings.values.push_back(ValueOf(row[column]));
    }
  }
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
  return "postgres table " + state_->options.table + ", " + state_->options.id_column + " = " +
         sensor_id;
}

absl::StatusOr<RawReadings> PostgresSource::Read(const ReadRequest& request) {
  FLEETCAST_RETURN_IF_ERROR(CheckReadRequest(request));
  auto readings = db::RunInTransaction(
      state_->pool,
      [&](pqxx::work& work) -> absl::StatusOr<RawReadings> { return state_->Read(work, request); });
  if (!readings.ok()) return AsSourceError(readings.status(), Location(request.sensor_id));
  return readings;
}

}  // namespace fleetcast::sensordata
