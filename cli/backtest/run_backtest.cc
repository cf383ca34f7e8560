#include "cli/backtest/run_backtest.h"

#include <google/protobuf/message.h>  // complete, for the JSON overload of Session::Show

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "cli/interrupt.h"
#include "cli/offline/circuit.h"
#include "cli/output/file.h"
#include "cli/output/progress_line.h"
#include "cli/report/backtest_page.h"
#include "cli/session.h"
#include "cli/views/backtest_view.h"
#include "common/base/status.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/profile.h"

namespace fleetcast::cli {
namespace {

using forecast::BacktestProgress;
using forecast::BacktestRequest;

absl::StatusOr<sensordata::RawReadings> ReadFile(const BacktestOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(options.csv, ignored)) {
    return InvalidField("--csv", absl::StrCat("\"", options.csv, "\" is no file"));
  }
  FLEETCAST_ASSIGN_OR_RETURN(const auto format, sensordata::FormatOf(options.sensors.format));
  FLEETCAST_ASSIGN_OR_RETURN(
      sensordata::CsvTable table,
      sensordata::ReadCsvFile(options.csv, {.sensor_id = options.csv}, format));
  return std::move(table.readings);
}

// As a training job reads it.
absl::StatusOr<sensordata::RawReadings> ReadSensor(const BacktestOptions& options,
                                                   const ConfiguredCircuit& circuit) {
  FLEETCAST_ASSIGN_OR_RETURN(const auto source, sensordata::OpenSensorSource(options.sensors));
  std::vector<std::string> columns = circuit.spec.feature_columns;
  const std::string& target = circuit.spec.target_column;
  if (std::find(columns.begin(), columns.end(), target) == columns.end()) {
    columns.push_back(target);
  }
  absl::CivilDay cutoff;
  if (!absl::ParseCivilTime(circuit.cutoff_date, &cutoff)) {
    return InvalidField("cutoff_date", absl::StrCat(circuit.cutoff_date, " is no date"));
  }
  const absl::Time end = absl::FromCivil(cutoff + 1, absl::UTCTimeZone());
  return source->Read({.sensor_id = circuit.sensor_id,
                       .columns = std::move(columns),
                       .before_unix_seconds = absl::ToUnixSeconds(end)});
}

absl::StatusOr<TimeSeries> SeriesOf(const sensordata::RawReadings& readings, Session& session) {
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::DataProfile profile,
                             sensordata::ProfileReadings(readings));
  for (const sensordata::DataIssue& issue : profile.issues) {
    session.Note(absl::StrCat(sensordata::NameOf(issue.kind), ": ", issue.message));
  }
  return sensordata::RegularGrid(readings);
}

struct Work {
  TimeSeries series;
  std::vector<BacktestRequest> requests;
  std::optional<forecast::TrainedModel> base;  // of the requests
};

void NoteRemarks(const std::string& of, const std::vector<forecast::Remark>& remarks,
                 Session& session) {
  for (const forecast::Remark& remark : remarks) {
    session.Note(absl::StrCat(of, ": ", remark.kind, ": ", remark.text));
  }
}

absl::Status AddBase(Session& session, Work& work) {
  FLEETCAST_ASSIGN_OR_RETURN(
      work.base, forecast::TrainBacktestBase(
                     work.series, work.requests,
                     [](const forecast::EpochProgress& /*epoch*/) { return !Interrupted(); }));
  NoteRemarks("base", work.base->remarks, session);
  for (BacktestRequest& request : work.requests) request.base = &work.base->model;
  return absl::OkStatus();
}

absl::StatusOr<Work> WorkOf(const BacktestOptions& options, Session& session) {
  FLEETCAST_RETURN_IF_ERROR(CheckSource(options));
  std::optional<forecast::ModelSpec> spec;
  sensordata::RawReadings readings;
  if (options.circuit.empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(readings, ReadFile(options));
  } else {
    FLEETCAST_ASSIGN_OR_RETURN(const ConfiguredCircuit circuit,
                               ReadCircuit(options.config, options.circuit));
    FLEETCAST_ASSIGN_OR_RETURN(readings, ReadSensor(options, circuit));
    spec = circuit.spec;
  }
  Work work;
  FLEETCAST_ASSIGN_OR_RETURN(work.series, SeriesOf(readings, session));
  FLEETCAST_ASSIGN_OR_RETURN(work.requests, ParseBacktest(options, work.series.columns, spec));
  return work;
}

absl::Status WriteFiles(const BacktestOptions& options, const std::vector<BacktestRow>& rows,
                        const TimeSeries& series) {
  if (!options.plot.empty()) {
    FLEETCAST_RETURN_IF_ERROR(WriteFile("--plot", options.plot, BacktestPage(rows, series)));
  }
  if (options.forecasts.empty()) return absl::OkStatus();
  const std::int64_t step = series.unix_seconds[1] - series.unix_seconds[0];
  return WriteFile("--forecasts", options.forecasts, ForecastsCsv(rows, step));
}

}  // namespace

absl::Status RunBacktest(const BacktestOptions& options, Session& session) {
  forecast::SetTorchThreads(1);  // results do not depend on the machine's cores
  if (const std::string warning = forecast::BlasWarning(forecast::MeasuredRates());
      !warning.empty())
    session.Note(warning);
  FLEETCAST_ASSIGN_OR_RETURN(Work work, WorkOf(options, session));
  const InterruptGuard guard;
  if (options.base) FLEETCAST_RETURN_IF_ERROR(AddBase(session, work));
  ProgressLine line(session);
  std::vector<BacktestRow> rows;
  for (const BacktestRequest& request : work.requests) {
    const int before = static_cast<int>(rows.size()) * request.seeds;
    const auto show = [&](const BacktestProgress& progress) {
      const int epochs = progress.epoch.epochs;
      const int done = (before + progress.seed - 1) * progress.trainings + progress.training - 1;
      line.Show(
          absl::StrCat("epochs at most, now ", request.spec.target_column, " with seed ",
                       progress.seed, " of ", progress.seeds),
          done * epochs + progress.epoch.epoch,
          static_cast<int>(work.requests.size()) * request.seeds * progress.trainings * epochs);
      return !Interrupted();
    };
    auto result = forecast::Backtest(work.series, request, show);
    if (!result.ok()) line.Clear();
    if (!result.ok()) return result.status();
    NoteRemarks(request.spec.target_column, result->remarks, session);
    rows.push_back({request.spec.target_column, *std::move(result)});
  }
  line.Clear();
  session.Show(BacktestJson(rows), [&](const Terminal& terminal) {
    return BacktestText(rows, {.steps = options.by_step, .members = options.members}, terminal);
  });
  return WriteFiles(options, rows, work.series);
}

}  // namespace fleetcast::cli
