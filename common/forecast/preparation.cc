#include "common/forecast/preparation.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/forecast/filling.h"
#include "common/forecast/metrics.h"
#include "common/forecast/remarks.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

// A column with a smaller share of readings in a part is dead there.
constexpr double kAlive = 0.1;
constexpr std::size_t kLevelRows = 12, kMostLevelInputs = 1'024;
// Of the readings that the rows before a training window usually have, a forecast needs this share.
constexpr double kShareOfUsualReadings = 0.25;

std::vector<double> Readings(const TimeSeries& series, std::size_t column,
                             const PlausibleRange& plausible, RowRange rows) {
  std::vector<double> values = ColumnValues(series, column, rows);
  MaskOutliers(plausible, values);
  return values;
}

double ShareOfReadings(const std::vector<double>& values) {
  const auto missing = std::count_if(values.begin(), values.end(),
                                     [](double value) { return !std::isfinite(value); });
  return values.empty() ? 0 : 1 - static_cast<double>(missing) / static_cast<double>(values.size());
}

bool IsConstant(const std::vector<double>& values) {
  double lowest = INFINITY, highest = -INFINITY;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  return lowest >= highest;
}

absl::Status CheckTarget(const std::string& name, const std::vector<double>& readings) {
  if (ShareOfReadings(readings) == 0) {
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_NOT_FINITE",
                   absl::StrCat("column \"", name, "\" has no reading in its ", readings.size(),
                                " training rows; check the sensor or choose another target_column"),
                   {{"column", name}});
  }
  if (!IsConstant(readings)) return absl::OkStatus();
  return Refused(
      absl::StatusCode::kFailedPrecondition, "DATA_CONSTANT_TARGET",
      absl::StrCat("column \"", name, "\" has one value throughout its ", readings.size(),
                   " training rows: there is nothing to learn; check the sensor or "
                   "choose another target_column"),
      {{"column", name}});
}

// Sizes of the changes `rows` apart.
std::vector<double> Changes(const std::vector<double>& values, std::size_t rows) {
  std::vector<double> changes;
  changes.reserve(values.size());
  for (std::size_t row = rows; row < values.size(); ++row) {
    const double change = std::abs(values[row] - values[row - rows]);
    if (std::isfinite(change)) changes.push_back(change);
  }
  return changes;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// Of the target's training readings.
double UsualChange(const std::vector<double>& readings, int horizon) {
  std::vector<double> all;
  for (const int step : {1, (horizon + 1) / 2, horizon}) {
    const std::vector<double> changes = Changes(readings, static_cast<std::size_t>(step));
    all.insert(all.end(), changes.begin(), changes.end());
  }
  return RobustSize(all);
}

// Whether the same time a day before is the better guess for a value that has been missing for half
// a day.
bool FillsByDay(const std::vector<double>& readings, std::size_t season) {
  if (season < 2) return false;
  const std::vector<double> day = Changes(readings, season);
  return !day.empty() && Mean(day) < Mean(Changes(readings, season / 2));
}

// A quarter of what the rows that tell a window's difficulty usually hold.
int FewestReadings(const std::vector<double>& readings, int rows) {
  const double usual = ShareOfReadings(readings) * rows;
  return std::max(1, static_cast<int>(kShareOfUsualReadings * usual));
}

class Preparer {
 public:
  Preparer(const TimeSeries& series, const ModelSpec& spec, Preparation& result)
      : series_(series), spec_(spec), result_(result) {}

  absl::Status AddTarget() {
    FLEETCAST_ASSIGN_OR_RETURN(const std::size_t index, ColumnIndex(series_, spec_.target_column));
    PlausibleRange plausible = PlausibleOf(index);
    plausible.lowest = std::max(plausible.lowest, spec_.minimum.value_or(plausible.lowest));
    plausible.highest = std::min(plausible.highest, spec_.maximum.value_or(plausible.highest));
    readings_ = Readings(series_, index, plausible, result_.split.train);
    FLEETCAST_RETURN_IF_ERROR(CheckTarget(spec_.target_column, readings_));
    Add(spec_.target_column, index, plausible);
    return absl::OkStatus();
  }

  // Those that are missing are an error, those that are dead are left out.
  absl::Status AddOthers() {
    for (const std::string& name : OtherColumns(spec_)) {
      FLEETCAST_ASSIGN_OR_RETURN(const std::size_t index, ColumnIndex(series_, name));
      const PlausibleRange plausible = PlausibleOf(index);
      const auto in = [&](RowRange rows) { return Readings(series_, index, plausible, rows); };
      const std::vector<double> train = in(result_.split.train);
      if (ShareOfReadings(train) < kAlive) {
        LeaveOut("COLUMN_WITHOUT_READINGS", name, "hardly any training row has a reading of it");
      } else if (IsConstant(train)) {
        LeaveOut("COLUMN_CONSTANT", name, "it has one value in all training rows");
      } else if (ShareOfReadings(in(result_.split.validation)) < kAlive) {
        LeaveOut("COLUMN_DEAD", name, "hardly any validation row has a reading of it any more");
      } else {
        Add(name, index, plausible);
      }
    }
    return absl::OkStatus();
  }

  // From here on readings are those less what the calendar leads one to expect.
  absl::Status FitCalendar(std::int64_t step_seconds) {
    const auto rows = static_cast<std::ptrdiff_t>(readings_.size());
    const std::vector<std::int64_t> times(series_.unix_seconds.begin(),
                                          series_.unix_seconds.begin() + rows);
    FLEETCAST_ASSIGN_OR_RETURN(result_.calendar,
                               FitCalendarProfile(*spec_.calendar, times, readings_, step_seconds));
    for (std::size_t row = 0; row < readings_.size(); ++row) {
      readings_[row] -= result_.calendar->At(times[row]);
    }
    return absl::OkStatus();
  }

  void FitLayoutAndScales(std::int64_t step_seconds) {
    InputLayout& layout = result_.layout;
    const std::size_t rows = result_.split.train.end - result_.split.train.begin;
    layout = LayoutOf(spec_, step_seconds, rows);
    const std::size_t columns = result_.columns.size();
    if (columns > 1) {
      layout.level_rows = static_cast<int>(
          std::min({kLevelRows, std::max<std::size_t>(1, kMostLevelInputs / columns),
                    static_cast<std::size_t>(layout.sequence_length)}));
    }
    layout.fills_by_day = FillsByDay(readings_, static_cast<std::size_t>(layout.season));
    layout.fewest_readings = FewestReadings(readings_, layout.spread_rows());
    Scaling& scaling = result_.scaling;
    scaling.levels.reserve(columns);
    for (std::size_t i = 0; i < columns; ++i) {
      scaling.levels.push_back(FitColumnScale(
          Readings(series_, result_.indices[i], result_.plausible[i], result_.split.train)));
    }
    const double change = UsualChange(readings_, spec_.horizon);
    scaling.change = change > 0 ? change : scaling.levels[0].scale;
    const double season_change = Mean(
        Changes(Readings(series_, result_.indices[0], result_.plausible[0], result_.split.train),
                NaiveSeason(step_seconds, static_cast<std::size_t>(spec_.horizon), rows)));
    scaling.season_change = season_change > 0 ? season_change : scaling.levels[0].scale;
  }

 private:
  PlausibleRange PlausibleOf(std::size_t index) {
    return FitPlausibleRange(ColumnValues(series_, index, result_.split.train));
  }

  void Add(const std::string& name, std::size_t index, const PlausibleRange& plausible) {
    result_.columns.push_back(name);
    result_.indices.push_back(index);
    result_.plausible.push_back(plausible);
    RemarkMissing(name, index);
    RemarkOutliers(name, index, plausible);
  }

  void RemarkMissing(const std::string& name, std::size_t index) {
    const std::vector<double> values = ColumnValues(series_, index);
    const auto missing = static_cast<std::size_t>(std::count_if(
        values.begin(), values.end(), [](double value) { return std::isnan(value); }));
    if (missing > 0) result_.remarks.push_back(FilledRemark(name, missing, values.size()));
  }

  void LeaveOut(const char* kind, const std::string& name, const std::string& why) {
    result_.remarks.push_back({.kind = kind,
                               .column = name,
                               .count = 0,
                               .text = absl::StrCat("column \"", name, "\" is left out: ", why)});
  }

  void RemarkOutliers(const std::string& name, std::size_t index, const PlausibleRange& plausible) {
    std::vector<double> values = ColumnValues(series_, index);
    const std::vector<Outlier> outliers = MaskOutliers(plausible, values);
    if (outliers.empty()) return;
    result_.remarks.push_back(
        {.kind = "OUTLIER",
         .column = name,
         .count = static_cast<std::int64_t>(outliers.size()),
         .text = absl::StrCat("column \"", name, "\": ", outliers.size(),
                              outliers.size() == 1 ? " value is" : " values are",
                              " no reading and counted as missing, the first is ",
                              outliers.front().value, " at ",
                              TimeText(series_.unix_seconds[outliers.front().row]))});
  }

  const TimeSeries& series_;
  const ModelSpec& spec_;
  Preparation& result_;
  std::vector<double> readings_;  // of the target in the training part
};

}  // namespace

absl::StatusOr<Preparation> Prepare(const TimeSeries& series, const ModelSpec& spec,
                                    const SplitShares& shares, bool by_calendar) {
  Preparation result;
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t step_seconds, RegularStep(series));
  result.split = SplitOf(series.rows(), shares);
  Preparer preparer(series, spec, result);
  FLEETCAST_RETURN_IF_ERROR(preparer.AddTarget());
  FLEETCAST_RETURN_IF_ERROR(preparer.AddOthers());
  if (by_calendar && RowsPerDay(step_seconds) > 0) {
    FLEETCAST_RETURN_IF_ERROR(preparer.FitCalendar(step_seconds));
  }
  preparer.FitLayoutAndScales(step_seconds);
  return result;
}

std::vector<std::size_t> UsableOrigins(const InputTable& table, RowRange part,
                                       std::size_t input_rows, std::size_t horizon,
                                       std::size_t readings) {
  std::vector<std::size_t> origins;
  for (std::size_t first_target = std::max(part.begin, input_rows);
       first_target + horizon <= part.end; ++first_target) {
    const std::size_t origin = first_target - 1;
    const std::size_t found =
        table.ReadingsBefore(first_target + horizon) - table.ReadingsBefore(first_target);
    if (found >= readings && std::isfinite(table.Reading(origin)) &&
        table.CanForecastFrom(origin)) {
      origins.push_back(origin);
    }
  }
  return origins;
}

std::vector<std::size_t> Thin(const std::vector<std::size_t>& origins, std::size_t most) {
  if (origins.size() <= most) return origins;
  std::vector<std::size_t> thinned;
  thinned.reserve(most);
  for (std::size_t i = 0; i < most; ++i) thinned.push_back(origins[i * origins.size() / most]);
  return thinned;
}

}  // namespace fleetcast::forecast
