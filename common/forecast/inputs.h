// What a model sees of a series: what is no reading masked, gaps filled by what was known then. The
// linear path: the target's past `reach` rows relative to its last value, and, where they help, the
// newest levels of the columns. The LSTM: the newest part of that past, cut into segments, and the
// week's cycle. Where there is a calendar, the target is how far its readings are from what the
// calendar leads one to expect.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/calendar_profile.h"
#include "common/forecast/forecast.h"
#include "common/forecast/network.h"
#include "common/forecast/plausible.h"

namespace fleetcast::forecast {

// Sine and cosine of the time of the week. There is none of the day: the last day's values tell the
// hour, and a network that knows it learns a daily pattern by heart that then changes.
inline constexpr std::size_t kCalendarChannels = 2;
inline constexpr std::int64_t kWeekSeconds = std::int64_t{7} * 86'400;
// Of a window's difficulty: the part that is the same for all.
inline constexpr double kCommonDifficulty = 0.25;
// Scaled levels are cut here: a sensor far out of its training range must not carry the forecast
// away with it.
inline constexpr double kLargestLevel = 4;

// Fixed when a model is trained; kept in its file.
struct InputLayout {
  int sequence_length = 0;
  int horizon = 0;
  std::int64_t step_seconds = 0;
  // Rows of one day, and how many days are looked back on; both 0 where the step does not divide a
  // day or training is too short.
  int season = 0, days = 0;
  int reach = 0;              // rows of the target that the linear path reads
  int segment = 0;            // rows that the LSTM reads at once; 0: there is no LSTM
  int segments = 0;           // how many of them, the newest ones
  bool week_cycle = false;    // whether the time of the week is an input of the LSTM
  bool fills_by_day = false;  // whether gaps are filled from the days before, see filling.h
  int level_rows = 0;         // newest rows of all columns whose levels are inputs; 0: none
  // Of the last spread_rows() rows of a window so many must have a reading of the target.
  int fewest_readings = 1;

  // Rows that a window's inputs span.
  [[nodiscard]] std::size_t input_rows() const { return static_cast<std::size_t>(reach); }
  // Rows whose spread tells how hard a window is to forecast.
  [[nodiscard]] int spread_rows() const { return days > 0 ? season * days : sequence_length; }
  [[nodiscard]] int fill_season() const { return fills_by_day ? season : 0; }
  // Inputs of the linear path.
  [[nodiscard]] int extras(int columns) const { return reach + level_rows * columns; }
  [[nodiscard]] NetworkShape Shape(const ModelSpec& spec, int columns) const;
};

// Of `spec` for data with this step and this many training rows: all that may become an input but
// levels, whose choice is the caller's.
[[nodiscard]] InputLayout LayoutOf(const ModelSpec& spec, std::int64_t step_seconds,
                                   std::size_t train_rows);

// Feature columns without the target, in the specification's order.
[[nodiscard]] std::vector<std::string> OtherColumns(const ModelSpec& spec);

struct ColumnScale {
  double mean = 0, scale = 1;
};

// Mean and standard deviation of the finite ones of `values`; a constant column gets scale 1.
[[nodiscard]] ColumnScale FitColumnScale(const std::vector<double>& values);

// Fitted on training rows alone.
struct Scaling {
  double change = 1;                // the usual size of the target's change within the horizon
  double season_change = 1;         // mean absolute change of the target over a season
  std::vector<ColumnScale> levels;  // the target, then the other columns that the model knows
};

// 1.4826 times the median of the absolute values, which a few wild ones do not move; their mean
// without the largest hundredth where that is larger, as it is for a sensor that mostly stands
// still. 0 of nothing. Sorts `changes`.
[[nodiscard]] double RobustSize(std::vector<double>& changes);

// A series made ready for batches. Keeps nothing of what it is given.
class InputTable {
 public:
  // `columns`: the target's index in `series`, then those of the other columns; `plausible` one for
  // each.
  InputTable(const TimeSeries& series, const std::vector<std::size_t>& columns,
             const std::vector<PlausibleRange>& plausible, const InputLayout& layout,
             const Scaling& scaling, const std::optional<CalendarProfile>& calendar = std::nullopt);

  [[nodiscard]] std::size_t rows() const { return target_.size(); }
  // The target's reading; NaN where there is none.
  [[nodiscard]] double Reading(std::size_t row) const { return readings_[row]; }
  // The last value as a window at `origin` sees it: the reading, or what stands in for it.
  [[nodiscard]] double LastValue(std::size_t origin) const {
    return filled_[origin] + Expected(origin);
  }
  // Readings of the target in the rows before `end`.
  [[nodiscard]] std::size_t ReadingsBefore(std::size_t end) const { return counts_[end]; }
  // By column, in the order of `columns`.
  [[nodiscard]] const std::vector<std::vector<Outlier>>& outliers() const { return outliers_; }

  // Whether a model may forecast from `origin`: it has a reading in the last kShortGap + 1 rows,
  // and enough of them in the rows before.
  [[nodiscard]] bool CanForecastFrom(std::size_t origin) const;
  // Windows by their origins.
  [[nodiscard]] Batch MakeBatch(const std::size_t* origins, std::size_t count) const;
  // The linear path's inputs [extras] of the window at `origin`.
  void FillExtras(std::size_t origin, float* out) const;
  // The LSTM's [segments, segment rows and the time of the week].
  void FillSequence(std::size_t origin, float* out) const;
  // The target at `row` as the network should give it for the window at `origin`; NaN where it has
  // no reading.
  [[nodiscard]] double ChangeAt(std::size_t origin, std::size_t row) const {
    return (target_[row] - filled_[origin]) / scaling_.change;
  }
  // The same with what stands in for a reading that is missing.
  [[nodiscard]] double FilledChangeAt(std::size_t origin, std::size_t row) const {
    return (filled_[row] - filled_[origin]) / scaling_.change;
  }
  // How far off forecasts from `origin` usually are, relative to other windows: above 0. Grows with
  // the spread of the target before it.
  [[nodiscard]] double Difficulty(std::size_t origin) const;
  // A network output for the row `ahead` of the window at `origin`, in the target's unit.
  [[nodiscard]] double InUnit(std::size_t origin, std::size_t ahead, double output) const {
    return filled_[origin] + scaling_.change * output + Expected(origin + ahead);
  }

 private:
  void PutLevels(std::size_t columns, const std::vector<double>& values, std::size_t column);
  void ExpectRows(const std::vector<std::int64_t>& unix_seconds);
  void SumTarget();
  // Of a row that may be after the last one.
  [[nodiscard]] double Expected(std::size_t row) const {
    if (!calendar_) return 0;
    return row < expected_.size()
               ? expected_[row]
               : calendar_->At(last_unix_seconds_ +
                               layout_.step_seconds *
                                   static_cast<std::int64_t>(row + 1 - expected_.size()));
  }
  // The window's `reach` values of the target, filled; `scratch` [reach] is used where there are
  // gaps.
  [[nodiscard]] const double* Window(std::size_t origin, std::vector<double>& scratch) const;

  InputLayout layout_;
  Scaling scaling_;
  std::size_t columns_;
  std::vector<std::vector<Outlier>> outliers_;
  std::optional<CalendarProfile> calendar_;
  std::int64_t last_unix_seconds_ = 0;
  std::vector<double> expected_;  // [rows]; empty without a calendar
  std::vector<double> readings_;  // [rows]: of the target
  std::vector<double> target_;    // [rows]: the same less what is expected
  std::vector<double> filled_;    // [rows]: with gaps filled from all that was before
  // Sums over the rows before each: of the target's readings, scaled, their squares and their
  // count.
  std::vector<double> sums_, squares_;
  std::vector<std::size_t> counts_;
  std::vector<float> week_;    // [rows, 2]: time of the week
  std::vector<float> levels_;  // [rows, columns]; empty if they are no input
};

}  // namespace fleetcast::forecast
