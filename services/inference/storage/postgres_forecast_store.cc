#include "services/inference/storage/postgres_forecast_store.h"

#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/inference/domain/list_filter.h"
#include "services/inference/storage/forecast_rows.h"
#include "services/inference/storage/rows.h"

namespace fleetcast::inference {
namespace {

const char kUpsertForecast[] =
    "INSERT INTO inference.forecasts (plant_id, circuit_id, issue_time, model_version,"
    " target_column, interval_levels, sweep_id) VALUES ($1, $2, " FLEETCAST_TIME("$3")
    ", $4::bigint, $5, $6::double precision[], $7)"
    " ON CONFLICT (plant_id, circuit_id, issue_time, model_version) DO UPDATE SET"
    " target_column = EXCLUDED.target_column, interval_levels = EXCLUDED.interval_levels,"
    " sweep_id = EXCLUDED.sweep_id, create_time = now()";

const char kUpsertPoints[] =
    "INSERT INTO inference.forecast_points (plant_id, circuit_id, issue_time, model_version, step,"
    " target_time, value, lower, upper) SELECT $1, $2, " FLEETCAST_TIME("$3")
    ", $4::bigint, p.step, timestamptz 'epoch' + p.time_us * interval '1 microsecond', p.value,"
    " p.lower::double precision[], p.upper::double precision[]"
    " FROM unnest($5::bigint[], $6::double precision[], $7::text[], $8::text[])"
    " WITH ORDINALITY AS p (time_us, value, lower, upper, step)"
    " ON CONFLICT (plant_id, circuit_id, issue_time, model_version, step) DO UPDATE SET"
    " target_time = EXCLUDED.target_time, value = EXCLUDED.value, lower = EXCLUDED.lower,"
    " upper = EXCLUDED.upper";

const char kDeleteBeyond[] =
    "DELETE FROM inference.forecast_points WHERE plant_id = $1 AND circuit_id = $2"
    " AND issue_time = " FLEETCAST_TIME("$3") " AND model_version = $4::bigint"
    " AND step > $5::integer";

const char kSelectForecasts[] =
    "SELECT f.plant_id, f.circuit_id, f.model_version, f.target_column,"
    " array_to_string(f.interval_levels, ',') AS levels, f.sweep_id, "
    FLEETCAST_MICROS("f.issue_time") " AS issue_us, "
    FLEETCAST_MICROS("f.create_time") " AS created_us FROM inference.forecasts f"
    " WHERE ($1 = '' OR f.plant_id = $1) AND ($2 = '' OR f.circuit_id = $2)"
    " AND (f.issue_time < " FLEETCAST_TIME("$3")
    " OR (f.issue_time = " FLEETCAST_TIME("$3")
    "  AND ((f.plant_id, f.circuit_id) > ($4, $5)"
    "   OR (f.plant_id, f.circuit_id) = ($4, $5) AND f.model_version < $6::bigint)))"
    " AND ($7 = '' OR NOT EXISTS (SELECT FROM inference.forecasts n"
    "  WHERE n.plant_id = f.plant_id AND n.circuit_id = f.circuit_id"
    "  AND (n.issue_time, n.model_version) > (f.issue_time, f.model_version)))"
    " AND ";
const char kForecastOrder[] =
    " ORDER BY f.issue_time DESC, f.plant_id, f.circuit_id, f.model_version DESC"
    " LIMIT $8::integer";

const char kSelectPoints[] =
    "SELECT k.position, p.value, array_to_string(p.lower, ',') AS lowers,"
    " array_to_string(p.upper, ',') AS uppers, " FLEETCAST_MICROS("p.target_time")
    " AS target_us FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])"
    " WITH ORDINALITY AS k (plant_id, circuit_id, issue_us, model_version, position)"
    " JOIN inference.forecast_points p ON p.plant_id = k.plant_id AND p.circuit_id = k.circuit_id"
    " AND p.issue_time = timestamptz 'epoch' + k.issue_us * interval '1 microsecond'"
    " AND p.model_version = k.model_version ORDER BY k.position, p.step";

absl::StatusOr<db::SqlField> FieldOf(const std::string& field) {
  if (field == "model_version") {
    return db::SqlField{"'models/sensor-model/versions/' || f.model_version"};
  }
  if (field == "invocation") {
    return db::SqlField{
        "'sweeps/' || f.sweep_id || '/invocations/' || f.plant_id || '-' || f.circuit_id"};
  }
  // issue_time or create_time: checked by PrepareFilter
  return db::SqlField{absl::StrCat("extract(epoch FROM f.", field, ")::text")};
}

std::string QuotedNumberArray(const std::vector<double>& values) {
  return absl::StrCat("\"", NumberArray(values), "\"");
}

Forecast ForecastOf(const pqxx::row& row) {
  return {.circuit = {row["plant_id"].as<std::string>(), row["circuit_id"].as<std::string>()},
          .issue_time = TimeOf(row["issue_us"]),
          .model_version = row["model_version"].as<std::int64_t>(),
          .target_column = row["target_column"].as<std::string>(),
          .interval_levels = SplitNumbers(row["levels"]),
          .points = {},
          .sweep_id = row["sweep_id"].as<std::string>(),
          .create_time = TimeOf(row["created_us"])};
}

// All points of a page in one statement.
void ReadPoints(pqxx::work& work, std::vector<Forecast>* forecasts) {
  std::vector<std::string> plants, circuits, issues, versions;
  for (const Forecast& forecast : *forecasts) {
    plants.push_back(forecast.circuit.plant_id);
    circuits.push_back(forecast.circuit.circuit_id);
    issues.push_back(MicrosOf(forecast.issue_time));
    versions.push_back(absl::StrCat(forecast.model_version));
  }
  for (const pqxx::row& row :
       Run(work, kSelectPoints,
           {IdArray(plants), IdArray(circuits), IdArray(issues), IdArray(versions)})) {
    const auto position = row["position"].as<std::size_t>();
    (*forecasts)[position - 1].points.push_back({.time = TimeOf(row["target_us"]),
                                                 .value = row["value"].as<double>(),
                                                 .lower = SplitNumbers(row["lowers"]),
                                                 .upper = SplitNumbers(row["uppers"])});
  }
}

}  // namespace

void UpsertForecast(pqxx::work& work, const Forecast& forecast) {
  const std::vector<std::string> key = {forecast.circuit.plant_id, forecast.circuit.circuit_id,
                                        MicrosOf(forecast.issue_time),
                                        absl::StrCat(forecast.model_version)};
  std::vector<std::string> values = key;
  values.insert(values.end(),
                {forecast.target_column, NumberArray(forecast.interval_levels), forecast.sweep_id});
  Run(work, kUpsertForecast, std::move(values));

  std::vector<std::string> times, numbers, lowers, uppers;
  for (const ForecastPoint& point : forecast.points) {
    times.push_back(MicrosOf(point.time));
    numbers.push_back(TextOf(point.value));
    lowers.push_back(QuotedNumberArray(point.lower));
    uppers.push_back(QuotedNumberArray(point.upper));
  }
  values = key;
  values.insert(values.end(), {IdArray(times), IdArray(numbers), IdArray(lowers), IdArray(uppers)});
  Run(work, kUpsertPoints, std::move(values));
  values = key;
  values.push_back(absl::StrCat(forecast.points.size()));
  Run(work, kDeleteBeyond, std::move(values));
}

absl::StatusOr<PageOf<Forecast>> PostgresForecastStore::List(const ForecastQuery& query,
                                                             const PageRequest& page) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto prepared, PrepareFilter(query.filter, kForecastFilterFields,
                                                                {"issue_time", "create_time"}));
  std::vector<std::string> after = page.after;
  if (after.size() != 4) {
    // The first page begins after a time that no reading has.
    after = {MicrosOf(absl::FromCivil(absl::CivilDay(9999, 1, 1), absl::UTCTimeZone())), "", "",
             "0"};
  }
  return db::RunInTransaction(pool_, [&](pqxx::work& work) -> absl::StatusOr<PageOf<Forecast>> {
    Parameters parameters({query.circuit.plant_id, query.circuit.circuit_id, after[0], after[1],
                           after[2], after[3], query.latest_only ? "t" : "",
                           absl::StrCat(page.size + 1)});
    FLEETCAST_ASSIGN_OR_RETURN(const std::string condition, parameters.Bind(prepared, FieldOf));
    std::vector<Forecast> forecasts;
    for (const pqxx::row& row :
         parameters.Run(work, absl::StrCat(kSelectForecasts, condition, kForecastOrder))) {
      forecasts.push_back(ForecastOf(row));
    }
    PageOf<Forecast> answer = CutPage(std::move(forecasts), page, PageKeyOf);
    if (!answer.items.empty()) ReadPoints(work, &answer.items);
    return answer;
  });
}

}  // namespace fleetcast::inference
