#include <charconv>
#include <cmath>
#include <pqxx/pqxx>

#include "common/base/status.h"
#include "common/db/transaction.h"
#include "common/sensordata/simulator/readings_writer.h"
#include "common/sensordata/sql_identifier.h"
#include "common/sensordata/timestamp.h"

namespace fleetcast::sensordata {
namespace {

// A Postgres array literal of one column; missing cells are NULL.
std::string ColumnArray(const RawReadings& readings, std::size_t column) {
  std::string text = "{";
  char buffer[32];
  for (std::size_t row = 0; row < readings.rows(); ++row) {
    if (row > 0) text += ',';
    const double value = readings.values[row * readings.columns.size() + column];
    if (std::isnan(value)) {
      text += "NULL";
    } else {
      text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    }
  }
  return text + "}";
}

std::string TimeArray(const RawReadings& readings) {
  std::string text = "{";
  for (const std::int64_t time : readings.unix_seconds) {
    if (text.size() > 1) text += ',';
    text += FormatTimestamp(time);
  }
  return text + "}";
}

// INSERT … SELECT of as many arrays as columns, all bound.
std::string InsertStatement(const std::string& table, const std::vector<std::string>& columns) {
  std::string names = "sensor_id, \"timestamp\"", arrays = "$2::timestamptz[]";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names += ", " + QuoteIdentifier(columns[i]);
    arrays += ", $" + std::to_string(i + 3) + "::float8[]";
  }
  return "INSERT INTO " + table + " (" + names + ") SELECT $1, rows.* FROM unnest(" + arrays +
         ") AS rows";
}

}  // namespace

struct PostgresReadingsWriter::State {
  db::ConnectionPool pool;
  std::string table;  // quoted
};

PostgresReadingsWriter::PostgresReadingsWriter(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
PostgresReadingsWriter::~PostgresReadingsWriter() = default;

absl::StatusOr<std::unique_ptr<PostgresReadingsWriter>> PostgresReadingsWriter::Open(
    const std::string& dsn, const std::string& table, const std::vector<std::string>& columns) {
  FLEETCAST_RETURN_IF_ERROR(CheckTable("table", table));
  std::unique_ptr<State> state(
      new State{.pool = db::ConnectionPool({.dsn = dsn, .application_name = "fleetcast-simulator"}),
                .table = QuoteTable(table)});
  std::string create = "CREATE TABLE IF NOT EXISTS " + state->table +
                       " (sensor_id text NOT NULL, \"timestamp\" timestamptz NOT NULL";
  for (const std::string& column : columns) {
    create += ", " + QuoteIdentifier(column) + " double precision";
  }
  create += ", PRIMARY KEY (sensor_id, \"timestamp\"))";
  FLEETCAST_RETURN_IF_ERROR(db::RunInTransaction(state->pool, [&](pqxx::work& work) {
    work.exec(create);
    return absl::OkStatus();
  }));
  return std::unique_ptr<PostgresReadingsWriter>(new PostgresReadingsWriter(std::move(state)));
}

absl::Status PostgresReadingsWriter::Write(const std::string& sensor_id,
                                           const RawReadings& readings, bool replace) {
  std::vector<std::string> arguments = {sensor_id, TimeArray(readings)};
  for (std::size_t i = 0; i < readings.columns.size(); ++i) {
    arguments.push_back(ColumnArray(readings, i));
  }
  const std::string insert = InsertStatement(state_->table, readings.columns);
  return db::RunInTransaction(state_->pool, [&](pqxx::work& work) -> absl::Status {
    const std::string of_sensor = " FROM " + state_->table + " WHERE sensor_id = $1";
    if (replace) {
      work.exec_params("DELETE" + of_sensor, sensor_id);
    } else if (!work.exec_params("SELECT 1" + of_sensor + " LIMIT 1", sensor_id).empty()) {
      return Refused(absl::StatusCode::kAlreadyExists, "SENSOR_DATA_EXISTS",
                     "sensor '" + sensor_id + "' already has rows in " + state_->table +
                         "; --force replaces them",
                     {{"sensor_id", sensor_id}, {"table", state_->table}});
    }
    work.exec_params(insert, pqxx::prepare::make_dynamic_params(arguments));
    return absl::OkStatus();
  });
}

}  // namespace fleetcast::sensordata
