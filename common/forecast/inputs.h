// What the network sees of a series. The LSTM: the target's past relative to its last value, cut
// into segments, and the week's cycle. The linear path: that past as it stands, the same hours of
// the days before, and, only where they help, the latest levels of the target and the other
// columns.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/forecast/forecast.h"
#include "common/forecast/network.h"

namespace fleetcast::forecast {

// Sine and cosine of the time of the week. There is none of the day: the last day's values tell the
// hour, and a network that knows it learns a daily pattern by heart that then changes.
inline constexpr std::size_t kCalendarChannels = 2;
inline constexpr std::int64_t kWeekSeconds = std::int64_t{7} * 86'400;
// Of a window's difficulty: the part that is the same for all. Chosen by the coverage of ETTh1's
// test values; see docs/adr/0007-forecast-accuracy.md.
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
  bool week_cycle = false;     // whether the time of the week is an input
  bool earlier_days = false;   // whether the target on the days before the sequence is
  bool other_columns = false;  // whether the levels of all columns are

  // Rows that a window's inputs span.
  [[nodiscard]] std::size_t input_rows() const;
  // The last of them, which must have values: the sequence and the last day. For a missing value
  // further back the day after it stands in, so that one gap does not cost a week of forecasts.
  [[nodiscard]] std::size_t finite_rows() const;
  // Days that the sequence does not hold already: [first_lag_day, days].
  [[nodiscard]] int first_lag_day() const { return season > 0 ? sequence_length / season + 1 : 1; }
  [[nodiscard]] int lags_per_day() const { return season < horizon ? season : horizon; }
  [[nodiscard]] int lags() const;
  // Rows whose spread tells how hard a window is to forecast.
  [[nodiscard]] int spread_rows() const { return days > 0 ? season * days : sequence_length; }
  // Rows that the LSTM reads at once; it reads as many whole segments as the sequence holds, the
  // newest ones.
  [[nodiscard]] int segment_length() const;
  [[nodiscard]] int segments() const { return sequence_length / segment_length(); }
  // Inputs of the linear path: the sequence, the lags, and the levels of `columns` columns over the
  // last segment if they are inputs.
  [[nodiscard]] int extras(int columns) const;
  [[nodiscard]] NetworkShape Shape(const ModelSpec& spec) const;
};

// Of `spec` for data with this step and this many training rows.
[[nodiscard]] InputLayout LayoutOf(const ModelSpec& spec, std::int64_t step_seconds,
                                   std::size_t train_rows);

// Feature columns without the target, in the specification's order.
[[nodiscard]] std::vector<std::string> OtherColumns(const ModelSpec& spec);

struct ColumnScale {
  double mean = 0, scale = 1;
};

// Mean and standard deviation of a column's finite values in `rows`; a constant column gets
// scale 1.
[[nodiscard]] ColumnScale FitColumnScale(const TimeSeries& series, std::size_t column,
                                         RowRange rows);

// Fitted on training rows alone.
struct Scaling {
  double change = 1;                // root mean square of the target's change within the horizon
  double season_change = 1;         // mean absolute change of the target over a season
  std::vector<ColumnScale> levels;  // the target, then OtherColumns
};

// `columns`: the target's index, then those of OtherColumns; `season` in rows. A change that never
// occurs counts as the target's deviation. DATA_CONSTANT_TARGET.
[[nodiscard]] absl::StatusOr<Scaling> FitScaling(const TimeSeries& series,
                                                 const std::vector<std::size_t>& columns,
                                                 RowRange train, int horizon, std::size_t season);

// A series made ready for batches. Keeps a reference to the series.
class InputTable {
 public:
  InputTable(const TimeSeries& series, const std::vector<std::size_t>& columns,
             const InputLayout& layout, const Scaling& scaling);

  // Windows by their origins, with targets where `with_targets`.
  [[nodiscard]] Batch MakeBatch(const std::size_t* origins, std::size_t count,
                                bool with_targets) const;
  // The target at `row` as the network should give it for the window at `origin`.
  [[nodiscard]] double ChangeAt(std::size_t origin, std::size_t row) const {
    return (series_.at(row, target_) - series_.at(origin, target_)) / scaling_.change;
  }
  // How far off forecasts from `origin` usually are, relative to other windows: above 0. Grows with
  // the spread of the target before it.
  [[nodiscard]] double Difficulty(std::size_t origin) const;
  // A network output for the window at `origin`, in the target's unit.
  [[nodiscard]] double InUnit(std::size_t origin, float output) const {
    return series_.at(origin, target_) + scaling_.change * static_cast<double>(output);
  }

 private:
  void SumTarget();
  void FillSequence(std::size_t origin, std::size_t index, Batch& batch) const;
  void FillExtras(std::size_t origin, float* out) const;
  // Returns where it ended.
  float* PutLags(std::size_t origin, float* out) const;

  const TimeSeries& series_;
  std::size_t target_;
  InputLayout layout_;
  Scaling scaling_;
  std::size_t columns_;
  std::size_t extras_;
  // Sums over the rows before each: of the target's finite values, their squares and their count.
  std::vector<double> sums_, squares_, counts_;
  std::vector<float> calendar_;  // [rows, 2]: time of the week
  std::vector<float> levels_;    // [rows, columns]; empty if they are no input
};

}  // namespace fleetcast::forecast
