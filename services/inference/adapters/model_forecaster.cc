#include "services/inference/adapters/model_forecaster.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/sensordata/profile.h"
#include "services/inference/domain/window.h"

namespace fleetcast::inference {
namespace {

absl::StatusOr<Forecast> ForecastOf(const HeldInvocation& invocation,
                                    const forecast::ModelSpec& spec,
                                    const forecast::ForecastResult& result) {
  Forecast forecast{.circuit = invocation.name.circuit,
                    .issue_time = absl::FromUnixSeconds(result.issue_unix_seconds),
                    .model_version = invocation.pin.model_version,
                    .target_column = spec.target_column,
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
          absl::StrCat(ModelVersionResource(invocation.pin.model_version),
                       " gave no finite value for step ", step + 1, "; train the circuit again"));
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

}  // namespace

absl::StatusOr<Forecast> ModelForecaster::Make(const HeldInvocation& invocation,
                                               const workqueue::Hold& hold) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto model,
                             models_.Get(invocation.pin.artifact_sha256, hold.Remaining()));
  FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries window, ReadWindow(invocation, *model));
  FLEETCAST_RETURN_IF_ERROR(hold.StopStatus());
  FLEETCAST_ASSIGN_OR_RETURN(const forecast::ForecastResult result, model->Forecast(window));
  FLEETCAST_ASSIGN_OR_RETURN(Forecast forecast, ForecastOf(invocation, model->spec(), result));
  AddStale(absl::Seconds(model->step_seconds()), DueTime(invocation), forecast);
  return forecast;
}

absl::StatusOr<TimeSeries> ModelForecaster::ReadWindow(const HeldInvocation& invocation,
                                                       const forecast::Model& model) {
  sensordata::ReadRequest request;
  request.sensor_id = invocation.pin.sensor_id;
  request.columns = model.input_columns();
  request.last_rows = RowsToRead(model.input_rows());
  if (invocation.pin.as_of)
    request.before_unix_seconds = absl::ToUnixSeconds(*invocation.pin.as_of) + 1;
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings, source_.Read(request));
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries window,
                             sensordata::RegularGrid(readings, model.step_seconds()));
  if (window.rows() > 0) {
    FLEETCAST_RETURN_IF_ERROR(CheckFresh(request.sensor_id, window.unix_seconds.back(),
                                         DueTime(invocation), max_data_age_));
  }
  return window;
}

}  // namespace fleetcast::inference
