#include "common/forecast/views.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kFewestTrainWindows = 10;
constexpr std::size_t kFewestJudgingWindows = 2;
// More windows than these tell a choice nothing new.
constexpr std::size_t kMostChoosingWindows = 4'096;
// Of the targets of a window that is learnt from so many must have a reading: one in eight.
constexpr std::size_t kTargetsPerReading = 8;
// So many equal readings, and at least a day of them, are a standstill; where more of the training
// rows stand still than this share, it is nothing unusual.
constexpr std::size_t kShortestStandstill = 24;
constexpr double kUsualStandstills = 0.1;
constexpr std::size_t kFewestMovingWindows = 20;

absl::Status CheckWindowCount(const std::string& part, std::size_t windows, std::size_t fewest,
                              RowRange rows, const InputLayout& layout) {
  if (windows >= fewest) return absl::OkStatus();
  const std::size_t room = rows.end - rows.begin;
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const std::size_t needed =
      horizon + fewest - 1 + (rows.begin < layout.input_rows() ? layout.input_rows() : 0);
  const bool too_few = room < needed;
  return Refused(
      absl::StatusCode::kFailedPrecondition, too_few ? "DATA_TOO_FEW_ROWS" : "DATA_NOT_FINITE",
      absl::StrCat("the ", part, " part has ", room, " rows and ", windows, " windows of ",
                   layout.input_rows(), " inputs and ", horizon,
                   " targets with enough readings; it needs ", fewest,
                   too_few
                       ? ": more rows, a shorter sequence_length or a shorter horizon would help"
                       : ": look for what stopped the sensor, or choose another target_column"),
      {{"part", part}, {"rows", absl::StrCat(room)}, {"windows", absl::StrCat(windows)}});
}

// The validation windows' first half chooses, the second, whose targets come after all of the
// first's where there are enough of them, calibrates.
void Halve(const std::vector<std::size_t>& validation, std::size_t horizon, Windows& windows) {
  const auto middle = validation.begin() + static_cast<std::ptrdiff_t>((validation.size() + 1) / 2);
  windows.choosing.assign(validation.begin(), middle);
  const auto apart = std::find_if(middle, validation.end(), [&](std::size_t origin) {
    return origin >= windows.choosing.back() + horizon;
  });
  windows.calibrating.assign(
      2 * (validation.end() - apart) >= validation.end() - middle ? apart : middle,
      validation.end());
}

// The validation windows whose targets and last inputs do not stand still. A standstill says
// nothing about which member forecasts well, unless standing still is what the sensor often does:
// then, and where hardly any window would remain, all are taken.
std::vector<std::size_t> Moving(const std::vector<std::size_t>& origins, const InputTable& table,
                                const Preparation& prepared, std::vector<Remark>& remarks) {
  const auto horizon = static_cast<std::size_t>(prepared.layout.horizon);
  const std::size_t shortest =
      std::max(kShortestStandstill, static_cast<std::size_t>(prepared.layout.season));
  std::vector<double> readings;
  readings.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) readings.push_back(table.Reading(row));
  const std::vector<bool> stands = FindStandstills(readings, shortest);
  const auto count = [&](std::size_t begin, std::size_t end) {
    return std::count(stands.begin() + static_cast<std::ptrdiff_t>(begin),
                      stands.begin() + static_cast<std::ptrdiff_t>(end), true);
  };
  const RowRange train = prepared.split.train, validation = prepared.split.validation;
  const auto rows = static_cast<double>(train.end - train.begin);
  if (static_cast<double>(count(train.begin, train.end)) > kUsualStandstills * rows) return origins;
  const std::size_t inputs = std::max(
      shortest, static_cast<std::size_t>(prepared.layout.segment * prepared.layout.segments));
  std::vector<std::size_t> moving;
  moving.reserve(origins.size());
  for (const std::size_t origin : origins) {
    const std::size_t end = origin + 1;
    if (count(end - std::min(end, inputs), end + horizon) == 0) moving.push_back(origin);
  }
  if (moving.size() == origins.size() || moving.size() < kFewestMovingWindows) return origins;
  const std::string& name = prepared.columns[0];
  remarks.push_back(
      {.kind = "STANDSTILL",
       .column = name,
       .count = count(validation.begin, validation.end),
       .text = absl::StrCat("column \"", name, "\" stands still for ",
                            count(validation.begin, validation.end),
                            " validation rows: ", origins.size() - moving.size(),
                            " windows over them do not count in choosing and calibrating")});
  return moving;
}

absl::StatusOr<Windows> FindWindows(const InputTable& table, Preparation& prepared) {
  const InputLayout& layout = prepared.layout;
  const SplitRows& split = prepared.split;
  const auto horizon = static_cast<std::size_t>(layout.horizon);
  const auto in = [&](RowRange part, std::size_t readings) {
    return UsableOrigins(table, part, layout.input_rows(), horizon, readings);
  };
  Windows windows{.train = in(split.train, 1 + (horizon - 1) / kTargetsPerReading),
                  .choosing = {},
                  .calibrating = {}};
  const std::vector<std::size_t> validation = in(split.validation, 1);
  FLEETCAST_RETURN_IF_ERROR(
      CheckWindowCount("training", windows.train.size(), kFewestTrainWindows, split.train, layout));
  FLEETCAST_RETURN_IF_ERROR(CheckWindowCount("validation", validation.size(), kFewestJudgingWindows,
                                             split.validation, layout));
  FLEETCAST_RETURN_IF_ERROR(CheckWindowCount("test", in(split.test, 1).size(),
                                             kFewestJudgingWindows, split.test, layout));
  Halve(Moving(validation, table, prepared, prepared.remarks), horizon, windows);
  windows.choosing = Thin(windows.choosing, kMostChoosingWindows);
  windows.calibrating = Thin(windows.calibrating, kMostChoosingWindows);
  return windows;
}

}  // namespace

absl::StatusOr<TrainingView> ViewOf(const TimeSeries& series, Preparation prepared) {
  InputTable table(series, prepared.indices, prepared.plausible, prepared.layout, prepared.scaling,
                   prepared.calendar);
  FLEETCAST_ASSIGN_OR_RETURN(Windows windows, FindWindows(table, prepared));
  return TrainingView{std::move(prepared), std::move(table), std::move(windows)};
}

ModelParts PartsOf(const ModelSpec& spec, const Preparation& prepared, const InputLayout& layout,
                   Network network) {
  const auto used =
      static_cast<std::ptrdiff_t>(layout.level_rows > 0 ? prepared.columns.size() : 1);
  ModelParts parts{.spec = spec,
                   .columns = {prepared.columns.begin(), prepared.columns.begin() + used},
                   .plausible = {prepared.plausible.begin(), prepared.plausible.begin() + used},
                   .layout = layout,
                   .scaling = prepared.scaling,
                   .calendar = prepared.calendar,
                   .intervals = {},
                   .network = std::move(network),
                   .training_record = "{}"};
  parts.scaling.levels.resize(static_cast<std::size_t>(used));
  return parts;
}

}  // namespace fleetcast::forecast
