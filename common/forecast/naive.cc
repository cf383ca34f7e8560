#include "common/forecast/naive.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/forecast/filling.h"
#include "common/forecast/metrics.h"
#include "common/forecast/plausible.h"
#include "common/forecast/remarks.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

constexpr std::size_t kMostOrigins = 500;

std::size_t Missing(const double* begin, const double* end) {
  return static_cast<std::size_t>(
      std::count_if(begin, end, [](double value) { return std::isnan(value); }));
}

class Naive {
 public:
  Naive(const TimeSeries& history, const NaiveSpec& spec, std::size_t column, std::int64_t step)
      : history_(history),
        spec_(spec),
        horizon_(static_cast<std::size_t>(spec.horizon)),
        readings_(ColumnValues(history, column)),
        step_seconds_(step),
        day_(RowsPerDay(step)) {
    PlausibleRange range = FitPlausibleRange(readings_);
    range.lowest = std::max(range.lowest, spec.minimum.value_or(range.lowest));
    range.highest = std::min(range.highest, spec.maximum.value_or(range.highest));
    outliers_ = MaskOutliers(range, readings_);
    while (first_reading_ < readings_.size() && std::isnan(readings_[first_reading_]))
      ++first_reading_;
    filled_ = readings_;
    FillGaps(filled_.data(), filled_.size(), day_);
    seasonal_ = day_ > 0 && rows() >= day_ && MissingOfLast(day_) <= day_ / 2;
  }

  absl::Status Check() const {
    if (MissingOfLast(rows()) == rows())
      return Refused(
          absl::StatusCode::kFailedPrecondition, "DATA_NOT_FINITE",
          absl::StrCat("column \"", spec_.target_column, "\" has no reading in the last ", rows(),
                       " rows; look for what stopped the sensor"));
    if (ErrorsAt(1).empty())
      return Refused(absl::StatusCode::kFailedPrecondition, "DATA_TOO_FEW_ROWS",
                     absl::StrCat("column \"", spec_.target_column, "\" has too few readings in ",
                                  rows(), " rows to tell how far a naive forecast is off"));
    return absl::OkStatus();
  }

  NaiveForecast Make() const {
    NaiveForecast naive{.seasonal = seasonal_, .plausible = readings_, .result = {}};
    ForecastResult& result = naive.result;
    result.issue_unix_seconds = history_.unix_seconds.back();
    for (std::size_t step = 1; step <= horizon_; ++step) {
      result.unix_seconds.push_back(result.issue_unix_seconds +
                                    static_cast<std::int64_t>(step) * step_seconds_);
      result.values.push_back(WithinBounds(filled_[Repeated(rows() - 1, step)]));
    }
    AddIntervals(result);
    AddRemarks(result.remarks);
    return naive;
  }

 private:
  [[nodiscard]] std::size_t rows() const { return readings_.size(); }
  [[nodiscard]] std::size_t MissingOfLast(std::size_t count) const {
    return Missing(readings_.data() + (rows() - count), readings_.data() + rows());
  }

  // The row that it repeats at row `origin` about `step` rows later; at a day's end at least.
  [[nodiscard]] std::size_t Repeated(std::size_t origin, std::size_t step) const {
    return seasonal_ ? origin + 1 - (day_ - (step - 1) % day_) : origin;
  }

  // What came less what was said, `step` rows ahead, over the newest rows, evenly spread.
  [[nodiscard]] std::vector<double> ErrorsAt(std::size_t step) const {
    std::vector<double> errors;
    const std::size_t first = seasonal_ ? day_ - 1 : 0;
    if (rows() < first + step + 1) return errors;
    const std::size_t origins = rows() - step - first;
    const std::size_t stride = (origins + kMostOrigins - 1) / kMostOrigins;
    for (std::size_t i = 0; i < origins; i += stride) {
      const std::size_t origin = first + i;
      const double came = readings_[origin + step];
      const std::size_t repeated = Repeated(origin, step);
      // What was filled from later readings nobody could have said.
      if (repeated >= first_reading_ && !std::isnan(came))
        errors.push_back(came - filled_[repeated]);
    }
    return errors;
  }

  [[nodiscard]] double WithinBounds(double value) const {
    if (spec_.minimum) value = std::max(value, *spec_.minimum);
    if (spec_.maximum) value = std::min(value, *spec_.maximum);
    return value;
  }

  void AddIntervals(ForecastResult& result) const {
    for (const double level : spec_.interval_levels) result.intervals.push_back({level, {}, {}});
    std::vector<double> errors;
    for (std::size_t step = 1; step <= horizon_; ++step) {
      // Farther ahead than the readings reach back, the farthest known errors stand.
      std::vector<double> at = ErrorsAt(step);
      if (!at.empty()) errors = std::move(at);
      for (Interval& interval : result.intervals) {
        const IntervalEnds ends = ConformalEnds(errors, interval.level);
        interval.lower.push_back(WithinBounds(result.values[step - 1] + ends.lower));
        interval.upper.push_back(WithinBounds(result.values[step - 1] + ends.upper));
      }
    }
  }

  // Of the rows that the forecast repeats.
  void AddRemarks(std::vector<Remark>& remarks) const {
    const std::size_t looked_at = seasonal_ ? day_ : std::min(rows(), kShortGap + 1);
    std::size_t doubted = 0;
    for (const Outlier& outlier : outliers_) doubted += outlier.row >= rows() - looked_at ? 1 : 0;
    const std::size_t missing = MissingOfLast(looked_at) - doubted;
    if (doubted > 0)
      remarks.push_back(
          {.kind = "DOUBTED",
           .column = spec_.target_column,
           .count = static_cast<std::int64_t>(doubted),
           .text = absl::StrCat("column \"", spec_.target_column, "\": ", doubted, " of the last ",
                                looked_at, " values are no readings, the newest is ",
                                outliers_.back().value)});
    if (missing > 0) remarks.push_back(FilledRemark(spec_.target_column, missing, looked_at));
  }

  const TimeSeries& history_;
  const NaiveSpec& spec_;
  const std::size_t horizon_;
  std::vector<double> readings_;  // NaN where there is none
  std::vector<double> filled_;
  std::size_t first_reading_ = 0;  // row
  std::vector<Outlier> outliers_;
  const std::int64_t step_seconds_;
  const std::size_t day_;  // rows; 0: the step does not divide one
  bool seasonal_ = false;
};

}  // namespace

std::size_t NaiveRows(std::int64_t step_seconds) {
  const std::size_t two_weeks = 14 * RowsPerDay(step_seconds);
  return std::clamp<std::size_t>(two_weeks, 500, 6'000);
}

absl::StatusOr<NaiveForecast> MakeNaiveForecast(const TimeSeries& history, const NaiveSpec& spec) {
  FLEETCAST_ASSIGN_OR_RETURN(const std::size_t column, ColumnIndex(history, spec.target_column));
  FLEETCAST_ASSIGN_OR_RETURN(const std::int64_t step, RegularStep(history));
  const Naive naive(history, spec, column, step);
  FLEETCAST_RETURN_IF_ERROR(naive.Check());
  return naive.Make();
}

}  // namespace fleetcast::forecast
