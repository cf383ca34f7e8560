#include "services/inference/adapters/model_forecaster.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/base/text.h"
#include "common/forecast/naive.h"
#include "common/sensordata/flat_stretches.h"
#include "common/sensordata/profile.h"
#include "services/inference/domain/window.h"

namespace fleetcast::inference {
namespace {

constexpr std::size_t kReasonBytesMax = 2'000;

absl::StatusOr<Forecast> ForecastOf(const HeldInvocation& invocation, std::int64_t model_version,
                                    const std::string& target_column,
                                    const forecast::ForecastResult& result) {
  Forecast forecast{.circuit = invocation.name.circuit,
                    .issue_time = absl::FromUnixSeconds(result.issue_unix_seconds),
                    .model_version = model_version,
                    .target_column = target_column,
                    .interval_levels = {},
                    .points = {},
                    .remarks = {},
                    .sweep_id = invocation.name.sweep_id,
                    .create_time = {}};
  for (const forecast::Interval& interval : result.intervals) {
    forecast.interval_levels.push_back(interval.level);
  }
  for (const forecast::Remark& remark : result.remarks) {
    forecast.remarks.push_back({remark.kind, remark.column, remark.count, remark.text});
  }
  for (std::size_t step = 0; step < result.values.size(); ++step) {
    if (!std::isfinite(result.values[step])) {
      return Refused(
          absl::StatusCode::kInternal, "MODEL_OUTPUT_NOT_FINITE",
          absl::StrCat(ModelVersionResource(model_version), " gave no finite value for step ",
                       step + 1, "; train the circuit again"));
    }
    ForecastPoint point{.time = absl::FromUnixSeconds(result.unix_seconds[step]),
                        .value = result.values[step],
                        .lower = {},
                        .upper = {}};
    for (const forecast::Interval& interval : result.intervals) {
      point.lower.push_back(interval.lower[step]);
      point.upper.push_back(interval.upper[step]);
    }
    forecast.points.push_back(std::move(point));
  }
  return forecast;
}

constexpr std::size_t kReadingsToScore = 512;

// What of the target's rows the forecast tells to whoever stores it, and whether they stand still.
void AddReadings(const TimeSeries& rows, const std::vector<double>& plausible,
                 const HeldInvocation& invocation, Forecast& forecast) {
  forecast.deployed_version = invocation.pin.model_version;
  std::vector<sensordata::Cell> cells;
  for (std::size_t row = 0; row < plausible.size(); ++row)
    if (std::isfinite(plausible[row])) cells.push_back({rows.unix_seconds[row], plausible[row]});
  for (std::size_t i = cells.size() - std::min(cells.size(), kReadingsToScore); i < cells.size();
       ++i)
    forecast.readings.push_back({absl::FromUnixSeconds(cells[i].unix_seconds), cells[i].value});
  if (const auto stuck = sensordata::StuckAtEnd(cells))
    AddStuck(absl::FromUnixSeconds(stuck->first_unix_seconds), stuck->count, cells.back().value,
             forecast);
}

// What a forecast of no model is to look like, unless the deployment does not say.
absl::Status CheckShape(const ForecastShape& shape) {
  if (!shape.target_column.empty() && shape.horizon > 0) return absl::OkStatus();
  return Refused(absl::StatusCode::kFailedPrecondition, "DEPLOYMENT_WITHOUT_SHAPE",
                 "the deployment does not say what a naive forecast is to be of, for an earlier "
                 "release made it; release the commit, or deploy the circuit, again");
}

std::string DeployedCouldNot(const HeldInvocation& invocation, const std::string& why) {
  return absl::StrCat("version ", invocation.pin.model_version, " could not make it (", why, ")");
}

}  // namespace

absl::StatusOr<Forecast> ModelForecaster::Make(const HeldInvocation& invocation,
                                               const workqueue::Hold& hold) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto model,
                             models_.Get(invocation.pin.artifact_sha256, hold.Remaining()));
  return MakeWith(*model, invocation.pin.model_version, invocation, hold);
}

absl::StatusOr<Forecast> ModelForecaster::MakeStandIn(const HeldInvocation& invocation,
                                                      const workqueue::Hold& hold, StandIn stand_in,
                                                      const std::string& why) {
  std::string reason = DeployedCouldNot(invocation, why);
  if (stand_in == StandIn::kEarlierVersionOrNaive && invocation.pin.earlier) {
    const std::int64_t version = invocation.pin.earlier->model_version;
    absl::StatusOr<Forecast> earlier = MakeEarlier(*invocation.pin.earlier, invocation, hold);
    FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
    if (earlier.ok()) {
      earlier->source = ForecastSource::kEarlierVersion;
      earlier->source_reason = PrintableLine(
          absl::StrCat(reason, "; version ", version, ", which served before, stands in"),
          kReasonBytesMax);
      return earlier;
    }
    absl::StrAppend(&reason, ", nor could version ", version, ", which served before (",
                    ReasonOf(earlier.status()), ": ", earlier.status().message(), ")");
  }
  FLEETCAST_ASSIGN_OR_RETURN(Forecast naive, MakeNaive(invocation));
  naive.source_reason =
      PrintableLine(absl::StrCat(reason, naive.source == ForecastSource::kSeasonalNaive
                                             ? "; the values of the day before stand in"
                                             : "; the last value stands in"),
                    kReasonBytesMax);
  return naive;
}

absl::StatusOr<Forecast> ModelForecaster::MakeWith(const forecast::Model& model,
                                                   std::int64_t model_version,
                                                   const HeldInvocation& invocation,
                                                   const workqueue::Hold& hold) {
  FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries window,
                             ReadRows(invocation, model.input_columns(),
                                      RowsToRead(model.input_rows()), model.step_seconds()));
  FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
  FLEETCAST_ASSIGN_OR_RETURN(const forecast::ForecastResult result, model.Forecast(window));
  FLEETCAST_ASSIGN_OR_RETURN(
      Forecast forecast, ForecastOf(invocation, model_version, model.spec().target_column, result));
  AddReadings(window, model.PlausibleTarget(window), invocation, forecast);
  AddStale(absl::Seconds(model.step_seconds()), DueTime(invocation), forecast);
  return forecast;
}

absl::StatusOr<Forecast> ModelForecaster::MakeEarlier(const EarlierVersion& earlier,
                                                      const HeldInvocation& invocation,
                                                      const workqueue::Hold& hold) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto model,
                             models_.Get(earlier.artifact_sha256, hold.Remaining()));
  const std::string& target = invocation.pin.shape.target_column;
  if (!target.empty() && model->spec().target_column != target)
    return Refused(absl::StatusCode::kFailedPrecondition, "MODEL_OF_ANOTHER_COLUMN",
                   absl::StrCat("it forecasts column \"", model->spec().target_column, "\", not \"",
                                target, "\""));
  return MakeWith(*model, earlier.model_version, invocation, hold);
}

absl::StatusOr<Forecast> ModelForecaster::MakeNaive(const HeldInvocation& invocation) {
  const ForecastShape& shape = invocation.pin.shape;
  FLEETCAST_RETURN_IF_ERROR(CheckShape(shape));
  const std::vector<std::string> columns = {shape.target_column};
  const std::size_t few = forecast::NaiveRows(absl::ToInt64Seconds(absl::Hours(1)));
  FLEETCAST_ASSIGN_OR_RETURN(TimeSeries rows, ReadRows(invocation, columns, few, 0));
  const std::int64_t step = rows.rows() < 2 ? 0 : rows.unix_seconds[1] - rows.unix_seconds[0];
  // Of a fine step, so many are no two weeks.
  if (step > 0 && forecast::NaiveRows(step) > few) {
    FLEETCAST_ASSIGN_OR_RETURN(rows,
                               ReadRows(invocation, columns, forecast::NaiveRows(step), step));
  }
  FLEETCAST_ASSIGN_OR_RETURN(
      const forecast::NaiveForecast naive,
      forecast::MakeNaiveForecast(rows, {.target_column = shape.target_column,
                                         .horizon = shape.horizon,
                                         .interval_levels = shape.interval_levels,
                                         .minimum = shape.minimum,
                                         .maximum = shape.maximum}));
  FLEETCAST_ASSIGN_OR_RETURN(Forecast forecast, ForecastOf(invocation, /*model_version=*/0,
                                                           shape.target_column, naive.result));
  AddReadings(rows, naive.plausible, invocation, forecast);
  forecast.source = naive.seasonal ? ForecastSource::kSeasonalNaive : ForecastSource::kLastValue;
  AddStale(absl::Seconds(step), DueTime(invocation), forecast);
  return forecast;
}

absl::StatusOr<TimeSeries> ModelForecaster::ReadRows(const HeldInvocation& invocation,
                                                     const std::vector<std::string>& columns,
                                                     std::size_t rows, std::int64_t step_seconds) {
  sensordata::ReadRequest request;
  request.sensor_id = invocation.pin.sensor_id;
  request.columns = columns;
  request.last_rows = rows;
  if (invocation.pin.as_of)
    request.before_unix_seconds = absl::ToUnixSeconds(*invocation.pin.as_of) + 1;
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings, source_.Read(request));
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries series,
                             sensordata::RegularGrid(readings, step_seconds));
  if (series.rows() > 0) {
    FLEETCAST_RETURN_IF_ERROR(CheckFresh(request.sensor_id, series.unix_seconds.back(),
                                         DueTime(invocation), max_data_age_));
  }
  return series;
}

}  // namespace fleetcast::inference
