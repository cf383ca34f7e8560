#include "services/inference/storage/score_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/db/array.h"
#include "services/inference/domain/live_accuracy.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

// Of circuits with the time of their newest reading: those that have newer ones than were scored.
const char kUnscored[] = R"(
  SELECT g.n, (extract(epoch FROM a.scored_until) * 1000000)::bigint AS scored_us,
    coalesce(a.day_sums, '') AS day_sums, d.mae,
    CASE WHEN d.cutoff_date ~ '^\d{4}-\d{2}-\d{2}$' THEN (extract(epoch FROM
      (d.cutoff_date::date + 1)::timestamp AT TIME ZONE 'UTC') * 1000000)::bigint END AS cutoff_us
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
      AS g (plant_id, circuit_id, model_version, newest_us, n)
    JOIN inference.deployments d USING (plant_id, circuit_id, model_version)
    LEFT JOIN inference.live_accuracies a USING (plant_id, circuit_id, model_version)
  WHERE a.scored_until IS NULL
    OR a.scored_until < timestamptz 'epoch' + g.newest_us * interval '1 microsecond')";

// A row for each reading and forecast that spoke of it. The inner LIMITs have one index scan for
// each circuit, whatever the planner thinks of the arrays.
const char kPairs[] = R"(
  WITH given AS MATERIALIZED (
    SELECT g.*, timestamptz 'epoch' + g.from_us * interval '1 microsecond' AS from_time,
      timestamptz 'epoch' + g.newest_us * interval '1 microsecond' AS newest
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::text[], $8::text[]) WITH ORDINALITY
      AS g (plant_id, circuit_id, model_version, from_us, newest_us, turn, times_us, numbers, n)),
  picked AS (
    SELECT g.n, k.issue_time FROM given g CROSS JOIN LATERAL (
      SELECT one.issue_time, row_number() OVER () AS place, count(*) OVER () AS total FROM (
        SELECT f.issue_time FROM inference.forecasts f
        WHERE f.plant_id = g.plant_id AND f.circuit_id = g.circuit_id
          AND f.model_version = g.model_version
          AND f.issue_time >= g.from_time AND f.issue_time < g.newest
        ORDER BY f.issue_time DESC LIMIT 1024) one) k
    WHERE (k.place + g.turn) % ((k.total + $9::integer - 1) / $9::integer) = 0)
  SELECT g.n, r.us, s.step, f.horizon, r.value, f.point_values[s.step] AS forecast,
    array_to_string(f.interval_levels, ',') AS levels,
    array_to_string(f.lower_bounds[(s.step - 1) * f.levels + 1 : s.step * f.levels], ',') AS lower,
    array_to_string(f.upper_bounds[(s.step - 1) * f.levels + 1 : s.step * f.levels], ',') AS upper
  FROM picked p JOIN given g USING (n)
    CROSS JOIN LATERAL (
      SELECT f.point_values, f.lower_bounds, f.upper_bounds, f.interval_levels,
        cardinality(f.interval_levels) AS levels, cardinality(f.point_values) AS horizon,
        extract(epoch FROM f.issue_time)::double precision * 1000000 AS issue_us,
        extract(epoch FROM f.target_times[1] - f.issue_time)::double precision * 1000000 AS step_us
      FROM inference.forecasts f
      WHERE f.plant_id = g.plant_id AND f.circuit_id = g.circuit_id
        AND f.issue_time = p.issue_time AND f.model_version = g.model_version
        AND f.withdraw_time IS NULL LIMIT 1) f
    CROSS JOIN LATERAL unnest(g.times_us::bigint[], g.numbers::double precision[]) AS r (us, value)
    CROSS JOIN LATERAL (SELECT round((r.us - f.issue_us) / nullif(f.step_us, 0))::integer) AS s (step)
  WHERE s.step BETWEEN 1 AND f.horizon)";

const char kKeep[] = R"(
  INSERT INTO inference.live_accuracies AS a (plant_id, circuit_id, model_version, scored_until,
    day_sums, summary, drift_reason, drift_message, drift_since)
  SELECT g.plant_id, g.circuit_id, g.model_version,
    timestamptz 'epoch' + g.scored_us * interval '1 microsecond', g.day_sums, g.summary,
    g.drift_reason, g.drift_message,
    CASE WHEN g.drift_reason <> '' THEN
      timestamptz 'epoch' + g.scored_us * interval '1 microsecond' END
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
      $8::text[]) AS g (plant_id, circuit_id, model_version, scored_us, day_sums, summary,
      drift_reason, drift_message)
  ORDER BY 1, 2, 3
  ON CONFLICT (plant_id, circuit_id, model_version) DO UPDATE SET
    scored_until = EXCLUDED.scored_until, day_sums = EXCLUDED.day_sums, summary = EXCLUDED.summary,
    drift_reason = EXCLUDED.drift_reason, drift_message = EXCLUDED.drift_message,
    drift_since = CASE WHEN EXCLUDED.drift_since IS NOT NULL
      THEN coalesce(a.drift_since, EXCLUDED.drift_since) END,
    update_time = now())";

// Columns of text arrays, a row at a time.
class Columns {
 public:
  void Add(const std::vector<std::string>& row) {
    columns_.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) columns_[i].push_back(row[i]);
  }
  [[nodiscard]] bool empty() const { return columns_.empty(); }
  [[nodiscard]] std::vector<std::string> Parameters() const {
    std::vector<std::string> parameters;
    for (const auto& column : columns_) parameters.push_back(db::ArrayOf(column));
    return parameters;
  }

 private:
  std::vector<std::vector<std::string>> columns_;
};

// What is scored of one circuit.
struct Scoring {
  const Forecast* forecast = nullptr;  // the new one
  AccuracyWindow window;
  std::optional<double> backtest_mae;
  std::vector<Reading> readings;  // to be scored
  std::vector<double> levels;
  std::vector<ScoredValue> values;
};

std::vector<std::string> KeyOf(const Forecast& forecast) {
  return {forecast.circuit.plant_id, forecast.circuit.circuit_id,
          absl::StrCat(forecast.deployed_version)};
}

std::vector<Scoring> FindUnscored(pqxx::work& work, const std::vector<const Forecast*>& forecasts) {
  Columns columns;
  for (const Forecast* forecast : forecasts) {
    std::vector<std::string> row = KeyOf(*forecast);
    row.push_back(MicrosOf(forecast->readings.back().time));
    columns.Add(row);
  }
  std::vector<Scoring> unscored;
  for (const pqxx::row& row : Run(work, kUnscored, columns.Parameters())) {
    Scoring scoring;
    scoring.forecast = forecasts[row["n"].as<std::size_t>() - 1];
    scoring.window = AccuracyWindowOf(row["day_sums"].as<std::string>());
    if (!row["mae"].is_null()) scoring.backtest_mae = row["mae"].as<double>();
    const std::optional<absl::Time> scored_until = OptionalTimeOf(row["scored_us"]);
    const absl::Time cutoff = OptionalTimeOf(row["cutoff_us"]).value_or(absl::InfinitePast());
    // Of a version that is new here nothing was said before.
    for (const Reading& reading : scoring.forecast->readings)
      if (scored_until && reading.time > *scored_until && reading.time >= cutoff)
        scoring.readings.push_back(reading);
    unscored.push_back(std::move(scoring));
  }
  return unscored;
}

// The bounds of what was said of the readings: {issue times from, the newest reading, whose turn}.
std::vector<std::string> RangeOf(const Scoring& scoring) {
  const Forecast& forecast = *scoring.forecast;
  const absl::Duration reach = forecast.points.back().time - forecast.issue_time;
  const absl::Duration step =
      std::max(absl::Seconds(1), reach / static_cast<int>(forecast.points.size()));
  const absl::Time newest = scoring.readings.back().time;
  return {MicrosOf(scoring.readings.front().time - reach), MicrosOf(newest),
          absl::StrCat((newest - absl::UnixEpoch()) / step)};
}

void ReadPairs(pqxx::work& work, std::vector<Scoring>& unscored) {
  Columns columns;
  std::vector<Scoring*> asked;
  for (Scoring& scoring : unscored) {
    if (scoring.readings.empty() || scoring.forecast->points.empty()) continue;
    std::vector<std::string> times;
    std::vector<double> values;
    for (const Reading& reading : scoring.readings) {
      times.push_back(MicrosOf(reading.time));
      values.push_back(reading.value);
    }
    std::vector<std::string> row = KeyOf(*scoring.forecast);
    for (std::string& bound : RangeOf(scoring)) row.push_back(std::move(bound));
    row.push_back(db::ArrayOf(times));
    row.push_back(NumberArray(values));
    columns.Add(row);
    asked.push_back(&scoring);
  }
  if (columns.empty()) return;
  std::vector<std::string> parameters = columns.Parameters();
  parameters.push_back(absl::StrCat(kForecastsScored));
  for (const pqxx::row& row : Run(work, kPairs, std::move(parameters))) {
    Scoring& scoring = *asked[row[0].as<std::size_t>() - 1];
    if (scoring.values.empty()) scoring.levels = SplitNumbers(row[6]);
    scoring.values.push_back({.time = TimeOf(row[1]),
                              .step = row[2].as<int>(),
                              .horizon = row[3].as<int>(),
                              .actual = row[4].as<double>(),
                              .forecast = row[5].as<double>(),
                              .lower = SplitNumbers(row[7]),
                              .upper = SplitNumbers(row[8])});
  }
}

void Keep(pqxx::work& work, std::vector<Scoring>& unscored) {
  Columns columns;
  for (Scoring& scoring : unscored) {
    Add(scoring.values, scoring.levels, scoring.window);
    const LiveAccuracy live = AccuracyOf(scoring.window);
    const Drift drift = DriftOf(live, scoring.backtest_mae).value_or(Drift{});
    std::vector<std::string> row = KeyOf(*scoring.forecast);
    for (std::string value :
         {MicrosOf(scoring.forecast->readings.back().time), ToJson(scoring.window),
          live.count > 0 ? ToJson(live) : std::string(), drift.reason, drift.message})
      row.push_back(std::move(value));
    columns.Add(row);
  }
  if (!columns.empty()) Run(work, kKeep, columns.Parameters());
}

}  // namespace

void ScoreForecasts(pqxx::work& work, const std::vector<Forecast>& forecasts) {
  std::map<CircuitId, const Forecast*> newest;  // one a circuit
  for (const Forecast& forecast : forecasts)
    if (!forecast.readings.empty() && forecast.deployed_version > 0)
      newest[forecast.circuit] = &forecast;
  if (newest.empty()) return;
  std::vector<const Forecast*> all;
  all.reserve(newest.size());
  for (const auto& [circuit, forecast] : newest) all.push_back(forecast);
  std::vector<Scoring> unscored = FindUnscored(work, all);
  ReadPairs(work, unscored);
  Keep(work, unscored);
}

}  // namespace fleetcast::inference
