#include "cli/backtest/run_backtest.h"

#include <google/protobuf/message.h>  // complete, for the JSON overload of Session::Show

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/interrupt.h"
#include "cli/output/progress_line.h"
#include "cli/session.h"
#include "cli/views/backtest_view.h"
#include "common/base/status.h"
#include "common/sensordata/csv_source.h"
#include "common/sensordata/profile.h"

namespace fleetcast::cli {
namespace {

using forecast::BacktestProgress;
using forecast::BacktestRequest;

absl::StatusOr<TimeSeries> ReadSeries(const BacktestOptions& options, Session& session) {
  const std::filesystem::path path = options.csv;
  std::error_code error;
  if (path.extension() != ".csv" || !std::filesystem::is_regular_file(path, error)) {
    return InvalidField("--csv", absl::StrCat("\"", options.csv, "\" is no file of name *.csv"));
  }
  const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
  sensordata::CsvSource source(folder);
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::RawReadings readings,
                             source.Read({.sensor_id = path.stem().string()}));
  FLEETCAST_ASSIGN_OR_RETURN(const sensordata::DataProfile profile,
                             sensordata::ProfileReadings(readings));
  for (const sensordata::DataIssue& issue : profile.issues) {
    session.Note(absl::StrCat(sensordata::NameOf(issue.kind), ": ", issue.message));
  }
  return sensordata::RegularGrid(readings);
}

}  // namespace

absl::Status RunBacktest(const BacktestOptions& options, Session& session) {
  forecast::SetTorchThreads(1);  // results do not depend on the machine's cores
  if (const std::string warning = forecast::BlasWarning(forecast::MeasuredRates());
      !warning.empty())
    session.Note(warning);
  FLEETCAST_ASSIGN_OR_RETURN(const TimeSeries series, ReadSeries(options, session));
  FLEETCAST_ASSIGN_OR_RETURN(const auto requests, ParseBacktest(options, series.columns));
  const InterruptGuard guard;
  ProgressLine line(session);
  std::vector<BacktestRow> rows;
  for (const BacktestRequest& request : requests) {
    const int trainings = static_cast<int>(rows.size()) * request.seeds;
    const auto show = [&](const BacktestProgress& progress) {
      const int epochs = progress.epoch.epochs;
      line.Show(absl::StrCat("epochs at most, now ", request.spec.target_column, " with seed ",
                             progress.seed, " of ", progress.seeds),
                (trainings + progress.seed - 1) * epochs + progress.epoch.epoch,
                static_cast<int>(requests.size()) * request.seeds * epochs);
      return !Interrupted();
    };
    auto result = forecast::Backtest(series, request, show);
    if (!result.ok()) line.Clear();
    if (!result.ok()) return result.status();
    for (const forecast::Remark& remark : result->remarks) {
      session.Note(absl::StrCat(request.spec.target_column, ": ", remark.kind, ": ", remark.text));
    }
    rows.push_back({request.spec.target_column, *std::move(result)});
  }
  line.Clear();
  session.Show(BacktestJson(rows), [&](const Terminal& terminal) {
    return BacktestText(rows, {.steps = options.by_step, .members = options.members}, terminal);
  });
  return absl::OkStatus();
}

}  // namespace fleetcast::cli
