#include "services/inference/storage/forecast_rows.h"

#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/db/array.h"
#include "services/inference/domain/forecast_json.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

#define FLEETCAST_FORECAST_COLUMNS                                                         \
  "plant_id, circuit_id, issue_time, model_version, target_column, sweep_id, create_time," \
  " interval_levels, target_times, point_values, lower_bounds, upper_bounds, remarks,"     \
  " source, source_reason"
// Whether the row holds the same forecast: made again from the same readings it is as old as it
// was, and stays withdrawn.
#define FLEETCAST_SAME(row)                                                                       \
  "(" row "issue_time = EXCLUDED.issue_time AND " row                                             \
  "model_version = EXCLUDED.model_version AND " row                                               \
  "point_values = EXCLUDED.point_values AND " row "lower_bounds = EXCLUDED.lower_bounds AND " row \
  "upper_bounds = EXCLUDED.upper_bounds AND " row "target_times = EXCLUDED.target_times)"
#define FLEETCAST_NEW_FORECAST(row)                                                       \
  "target_column = EXCLUDED.target_column, sweep_id = EXCLUDED.sweep_id,"                 \
  " create_time = CASE WHEN " FLEETCAST_SAME(                                             \
      row) " THEN " row                                                                   \
           "create_time"                                                                  \
           " ELSE EXCLUDED.create_time END, interval_levels = EXCLUDED.interval_levels,"  \
           " target_times = EXCLUDED.target_times, point_values = EXCLUDED.point_values," \
           " lower_bounds = EXCLUDED.lower_bounds, upper_bounds = EXCLUDED.upper_bounds," \
           " remarks = EXCLUDED.remarks, source = EXCLUDED.source,"                       \
           " source_reason = EXCLUDED.source_reason"

// Arrays of arrays need rows of one length in Postgres: each forecast's come as an array's text.
const char kStore[] =
    "WITH given AS MATERIALIZED (SELECT g.plant_id, g.circuit_id,"
    " timestamptz 'epoch' + g.issue_us * interval '1 microsecond' AS issue_time, g.model_version,"
    " g.target_column, g.sweep_id, now() AS create_time,"
    " g.levels::double precision[] AS interval_levels,"
    " ARRAY(SELECT timestamptz 'epoch' + t.us * interval '1 microsecond'"
    "  FROM unnest(g.times_us::bigint[]) WITH ORDINALITY AS t (us, step) ORDER BY t.step)"
    "  AS target_times,"
    " g.numbers::double precision[] AS point_values,"
    " g.lowers::double precision[] AS lower_bounds, g.uppers::double precision[] AS upper_bounds,"
    " g.remarks::jsonb AS remarks, g.source, g.source_reason"
    " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],"
    "  $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],"
    "  $12::text[], $13::text[], $14::text[])"
    " AS g (plant_id, circuit_id, issue_us, model_version, target_column, sweep_id, levels,"
    "  times_us, numbers, lowers, uppers, remarks, source, source_reason)),"
    " placed AS MATERIALIZED (SELECT g.*, row_number() OVER (PARTITION BY plant_id, circuit_id"
    "  ORDER BY " FLEETCAST_NEWEST_FIRST("g.")
    ") = 1 AND NOT EXISTS ("
    "   SELECT FROM inference.latest_forecasts l WHERE l.plant_id = g.plant_id"
    "   AND l.circuit_id = g.circuit_id"
    "   AND " FLEETCAST_RANK("l.") " > " FLEETCAST_RANK("g.")
    ") AS newest FROM given g),"
    " stored AS (INSERT INTO inference.forecasts AS f (" FLEETCAST_FORECAST_COLUMNS
    ", newest)"
    "  SELECT " FLEETCAST_FORECAST_COLUMNS
    ", newest FROM placed"
    "  ORDER BY plant_id, circuit_id, issue_time, model_version"
    "  ON CONFLICT (plant_id, circuit_id, issue_time, model_version) DO UPDATE "
    "SET newest = EXCLUDED.newest OR f.newest AND " FLEETCAST_SAME("f.")
    ", withdraw_time = CASE WHEN " FLEETCAST_SAME("f.") " THEN f.withdraw_time END,"
    " withdraw_actor = CASE WHEN " FLEETCAST_SAME("f.") " THEN f.withdraw_actor ELSE '' END,"
    " withdraw_reason = CASE WHEN " FLEETCAST_SAME("f.") " THEN f.withdraw_reason ELSE '' END, "
    FLEETCAST_NEW_FORECAST("f.")
    "  RETURNING plant_id, circuit_id, issue_time, model_version, withdraw_time)"
    " INSERT INTO inference.latest_forecasts AS l (" FLEETCAST_FORECAST_COLUMNS
    ", fallback_since)"
    " SELECT DISTINCT ON (plant_id, circuit_id) " FLEETCAST_FORECAST_COLUMNS
    ", CASE WHEN source <> 'DEPLOYED_VERSION' THEN create_time END"
    " FROM given g JOIN stored s USING (plant_id, circuit_id, issue_time, model_version)"
    " WHERE s.withdraw_time IS NULL"
    " ORDER BY plant_id, circuit_id, " FLEETCAST_NEWEST_FIRST("g.")
    " ON CONFLICT (plant_id, circuit_id) DO UPDATE SET issue_time = EXCLUDED.issue_time,"
    " model_version = EXCLUDED.model_version, fallback_since = CASE"
    "  WHEN EXCLUDED.fallback_since IS NULL THEN NULL"
    "  ELSE coalesce(l.fallback_since, EXCLUDED.fallback_since) END, "
    FLEETCAST_NEW_FORECAST("l.")
    " WHERE " FLEETCAST_RANK("l.") " <= " FLEETCAST_RANK("EXCLUDED.");

// Of those that were just stored and are no newer forecast than their circuit has: what made them,
// where that was not the deployed version, is known by nothing else.
const char kAnswered[] =
    "UPDATE inference.latest_forecasts l SET answer_time = now(),"
    " answer_source = g.source, answer_reason = g.source_reason,"
    " fallback_since = CASE WHEN g.source <> 'DEPLOYED_VERSION' THEN coalesce(fallback_since, "
    "now())"
    " END"
    " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[])"
    " AS g (plant_id, circuit_id, issue_us, source, source_reason)"
    " WHERE l.plant_id = g.plant_id AND l.circuit_id = g.circuit_id AND l.create_time <> now()"
    " AND l.issue_time <= timestamptz 'epoch' + g.issue_us * interval '1 microsecond'";

// What kStore takes, an entry a forecast.
class StoredColumns {
 public:
  void Add(const Forecast& forecast) {
    std::vector<std::string> times;
    std::vector<double> values, lowers, uppers;
    for (const ForecastPoint& point : forecast.points) {
      times.push_back(MicrosOf(point.time));
      values.push_back(point.value);
      lowers.insert(lowers.end(), point.lower.begin(), point.lower.end());
      uppers.insert(uppers.end(), point.upper.begin(), point.upper.end());
    }
    const std::vector<std::string> row = {forecast.circuit.plant_id,
                                          forecast.circuit.circuit_id,
                                          MicrosOf(forecast.issue_time),
                                          absl::StrCat(forecast.model_version),
                                          forecast.target_column,
                                          forecast.sweep_id,
                                          NumberArray(forecast.interval_levels),
                                          db::ArrayOf(times),
                                          NumberArray(values),
                                          NumberArray(lowers),
                                          NumberArray(uppers),
                                          nlohmann::json(forecast.remarks).dump(),
                                          Word(forecast.source),
                                          forecast.source_reason};
    columns_.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) columns_[i].push_back(row[i]);
  }

  [[nodiscard]] std::vector<std::string> Parameters() const {
    std::vector<std::string> parameters;
    for (const auto& column : columns_) parameters.push_back(db::ArrayOf(column));
    return parameters;
  }

 private:
  std::vector<std::vector<std::string>> columns_;
};

}  // namespace

void StoreForecasts(pqxx::work& work, const std::vector<Forecast>& forecasts) {
  if (forecasts.empty()) return;
  std::map<std::tuple<CircuitId, absl::Time, std::int64_t>, const Forecast*> last_of_key;
  for (const Forecast& forecast : forecasts) {
    last_of_key[{forecast.circuit, forecast.issue_time, forecast.model_version}] = &forecast;
  }
  StoredColumns columns;
  for (const auto& [key, forecast] : last_of_key) columns.Add(*forecast);
  std::vector<std::string> parameters = columns.Parameters();
  Run(work, kStore, parameters);
  Run(work, kAnswered,
      {parameters[0], parameters[1], parameters[2], parameters[12], parameters[13]});
}

std::string ForecastColumns(bool all_steps) {
  const auto numbers = [&](const char* column, const char* first) {
    return absl::StrCat(", array_to_string(f.", column, all_steps ? "" : first, ", ',') AS ",
                        column);
  };
  return absl::StrCat(
      "f.plant_id, f.circuit_id, f.model_version, f.target_column, f.sweep_id, ",
      FLEETCAST_MICROS("f.issue_time"), " AS issue_us, ", FLEETCAST_MICROS("f.create_time"),
      " AS created_us, cardinality(f.point_values) AS horizon, array_to_string(ARRAY("
      "SELECT (date_part('epoch', t.time) * 1000000)::bigint FROM unnest(f.target_times",
      all_steps ? "" : "[1:1]",
      ") WITH ORDINALITY AS t (time, step) ORDER BY t.step), ',') AS target_us",
      ", array_to_string(f.interval_levels, ',') AS interval_levels",
      numbers("point_values", "[1:1]"),
      numbers("lower_bounds", "[1:cardinality(f.interval_levels)]"),
      numbers("upper_bounds", "[1:cardinality(f.interval_levels)]"),
      ", f.remarks::text AS remarks, f.source, f.source_reason, ",
      FLEETCAST_MICROS("f.withdraw_time"), " AS withdrawn_us, f.withdraw_actor, f.withdraw_reason");
}

Forecast ForecastOf(const pqxx::row& row) {
  Forecast forecast{
      .circuit = {row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()},
      .issue_time = TimeOf(row["issue_us"]),
      .model_version = row["model_version"].as<std::int64_t>(),
      .target_column = row["target_column"].as<std::string>(),
      .interval_levels = SplitNumbers(row["interval_levels"]),
      .points = {},
      .remarks = FromJson<std::vector<ForecastRemark>>(row["remarks"].as<std::string>(),
                                                       "a forecast's remarks")
                     .value_or(std::vector<ForecastRemark>{}),
      .sweep_id = row["sweep_id"].as<std::string>(),
      .create_time = TimeOf(row["created_us"]),
      .horizon = row["horizon"].as<int>(),
      .source = ForecastSourceOf(row["source"].as<std::string>()),
      .source_reason = row["source_reason"].as<std::string>()};
  if (!row["withdrawn_us"].is_null())
    forecast.withdrawal = {.time = TimeOf(row["withdrawn_us"]),
                           .actor = row["withdraw_actor"].as<std::string>(),
                           .reason = row["withdraw_reason"].as<std::string>()};
  // Microseconds of years that there are, as doubles, are exact.
  const std::vector<double> times = SplitNumbers(row["target_us"]);
  const std::vector<double> values = SplitNumbers(row["point_values"]);
  const std::vector<double> lowers = SplitNumbers(row["lower_bounds"]);
  const std::vector<double> uppers = SplitNumbers(row["upper_bounds"]);
  const auto levels = static_cast<std::ptrdiff_t>(forecast.interval_levels.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto first = static_cast<std::ptrdiff_t>(i) * levels;
    forecast.points.push_back({.time = absl::FromUnixMicros(static_cast<std::int64_t>(times[i])),
                               .value = values[i],
                               .lower = {lowers.begin() + first, lowers.begin() + first + levels},
                               .upper = {uppers.begin() + first, uppers.begin() + first + levels}});
  }
  return forecast;
}

}  // namespace fleetcast::inference
