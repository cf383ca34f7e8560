#include "common/forecast/inputs.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/base/status.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

// A season of more rows (steps below a minute) would make every window a day of seconds.
constexpr std::size_t kLongestSeason = 1'440;
// A week of 5-minute rows: how far back windows may reach beyond one day.
constexpr std::size_t kLongestReach = 2'016;
constexpr std::size_t kMostDays = 7;
// Training rows must be so many times the reach, or windows would eat them up.
constexpr std::size_t kRowsPerReach = 4;
// A sequence of so many rows and more is read in segments of at least this many, and in about so
// many segments if it is long: fewer, wider steps learn better than many narrow ones, and faster.
constexpr int kShortestSegment = 12;
constexpr int kMostSegments = 14;

void PutTimeOfWeek(std::int64_t unix_seconds, float* out) {
  const std::int64_t into = ((unix_seconds % kWeekSeconds) + kWeekSeconds) % kWeekSeconds;
  const double angle =
      2 * std::numbers::pi * static_cast<double>(into) / static_cast<double>(kWeekSeconds);
  out[0] = static_cast<float>(std::sin(angle));
  out[1] = static_cast<float>(std::cos(angle));
}

double FitChange(const TimeSeries& series, std::size_t column, RowRange rows, int horizon) {
  double count = 0, squares = 0;
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    for (int step : {1, (horizon + 1) / 2, horizon}) {
      const std::size_t later = row + static_cast<std::size_t>(step);
      if (later >= rows.end) continue;
      const double change = series.at(later, column) - series.at(row, column);
      if (!std::isfinite(change)) continue;
      count += 1;
      squares += change * change;
    }
  }
  return count > 0 ? std::sqrt(squares / count) : 0;
}

double FitSeasonChange(const TimeSeries& series, std::size_t column, RowRange rows,
                       std::size_t season) {
  double count = 0, sum = 0;
  for (std::size_t row = rows.begin + season; row < rows.end; ++row) {
    const double change = std::abs(series.at(row, column) - series.at(row - season, column));
    if (!std::isfinite(change)) continue;
    count += 1;
    sum += change;
  }
  return count > 0 ? sum / count : 0;
}

bool IsConstant(const TimeSeries& series, std::size_t column, RowRange rows) {
  double lowest = INFINITY, highest = -INFINITY;
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    const double value = series.at(row, column);
    if (!std::isfinite(value)) continue;
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  return lowest == highest;
}

}  // namespace

std::size_t InputLayout::input_rows() const {
  return static_cast<std::size_t>(std::max(sequence_length, season * days));
}

std::size_t InputLayout::finite_rows() const {
  return static_cast<std::size_t>(std::max(sequence_length, season));
}

int InputLayout::lags() const {
  return earlier_days ? lags_per_day() * std::max(0, days - first_lag_day() + 1) : 0;
}

int InputLayout::segment_length() const {
  if (sequence_length < 2 * kShortestSegment) return std::max(1, sequence_length / 2);
  return std::max(kShortestSegment, sequence_length / kMostSegments);
}

int InputLayout::extras(int columns) const {
  return sequence_length + lags() + (other_columns ? segment_length() * columns : 0);
}

NetworkShape InputLayout::Shape(const ModelSpec& spec) const {
  const int columns = 1 + static_cast<int>(OtherColumns(spec).size());
  NetworkShape shape;
  shape.steps = segments();
  shape.channels = segment_length() + static_cast<int>(kCalendarChannels);
  shape.extras = extras(columns);
  shape.horizon = horizon;
  shape.units = spec.lstm_units;
  return shape;
}

InputLayout LayoutOf(const ModelSpec& spec, std::int64_t step_seconds, std::size_t train_rows) {
  InputLayout layout;
  layout.sequence_length = spec.sequence_length;
  layout.horizon = spec.horizon;
  layout.step_seconds = step_seconds;
  const std::size_t day = RowsPerDay(step_seconds);
  if (day > 0 && day <= kLongestSeason) {
    const std::size_t most = std::min({kMostDays, std::max<std::size_t>(1, kLongestReach / day),
                                       train_rows / (kRowsPerReach * day)});
    layout.days = static_cast<int>(most);
    layout.season = most > 0 ? static_cast<int>(day) : 0;
  }
  // A sequence of a week tells the time of the week itself, and a week that was hardly seen twice
  // would only tell the network how late it is.
  layout.week_cycle = step_seconds * spec.sequence_length < kWeekSeconds &&
                      step_seconds * static_cast<std::int64_t>(train_rows) >= 4 * kWeekSeconds;
  return layout;
}

std::vector<std::string> OtherColumns(const ModelSpec& spec) {
  std::vector<std::string> others;
  for (const std::string& column : spec.feature_columns) {
    if (column != spec.target_column) others.push_back(column);
  }
  return others;
}

ColumnScale FitColumnScale(const TimeSeries& series, std::size_t column, RowRange rows) {
  double count = 0, mean = 0, squares = 0;
  for (std::size_t row = rows.begin; row < rows.end; ++row) {
    const double value = series.at(row, column);
    if (!std::isfinite(value)) continue;
    count += 1;
    const double deviation = value - mean;
    mean += deviation / count;
    squares += deviation * (value - mean);
  }
  const double deviation = count > 0 ? std::sqrt(squares / count) : 0;
  // Rounding leaves a constant column a deviation of about 1e-16 of its size.
  const bool constant = !(deviation > 1e-12 * std::max(1e-300, std::abs(mean)));
  return {mean, constant ? 1 : deviation};
}

absl::StatusOr<Scaling> FitScaling(const TimeSeries& series,
                                   const std::vector<std::size_t>& columns, RowRange train,
                                   int horizon, std::size_t season) {
  if (IsConstant(series, columns[0], train)) {
    const std::string& name = series.columns[columns[0]];
    return Refused(absl::StatusCode::kFailedPrecondition, "DATA_CONSTANT_TARGET",
                   "column \"" + name + "\" has one value throughout its " +
                       std::to_string(train.end - train.begin) +
                       " training rows: there is nothing to learn; check the sensor or choose "
                       "another target_column",
                   {{"column", name}});
  }
  Scaling scaling;
  for (std::size_t column : columns)
    scaling.levels.push_back(FitColumnScale(series, column, train));
  const double change = FitChange(series, columns[0], train, horizon);
  scaling.change = change > 0 ? change : scaling.levels[0].scale;
  const double season_change = FitSeasonChange(series, columns[0], train, season);
  scaling.season_change = season_change > 0 ? season_change : scaling.levels[0].scale;
  return scaling;
}

InputTable::InputTable(const TimeSeries& series, const std::vector<std::size_t>& columns,
                       const InputLayout& layout, const Scaling& scaling)
    : series_(series),
      target_(columns[0]),
      layout_(layout),
      scaling_(scaling),
      columns_(columns.size()),
      extras_(static_cast<std::size_t>(layout.extras(static_cast<int>(columns.size())))),
      sums_(series.rows() + 1, 0),
      squares_(series.rows() + 1, 0),
      counts_(series.rows() + 1, 0),
      calendar_(series.rows() * kCalendarChannels, 0.0F),
      levels_(layout.other_columns ? series.rows() * columns.size() : 0) {
  for (std::size_t row = 0; layout.week_cycle && row < series.rows(); ++row) {
    PutTimeOfWeek(series.unix_seconds[row], calendar_.data() + row * kCalendarChannels);
  }
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    const ColumnScale& scale = scaling.levels[i % columns_];
    const double level =
        (series.at(i / columns_, columns[i % columns_]) - scale.mean) / scale.scale;
    levels_[i] = static_cast<float>(std::clamp(level, -kLargestLevel, kLargestLevel));
  }
  SumTarget();
}

void InputTable::SumTarget() {
  for (std::size_t row = 0; row < series_.rows(); ++row) {
    const double value =
        (series_.at(row, target_) - scaling_.levels[0].mean) / scaling_.levels[0].scale;
    const bool finite = std::isfinite(value);
    sums_[row + 1] = sums_[row] + (finite ? value : 0);
    squares_[row + 1] = squares_[row] + (finite ? value * value : 0);
    counts_[row + 1] = counts_[row] + (finite ? 1 : 0);
  }
}

double InputTable::Difficulty(std::size_t origin) const {
  const std::size_t end = origin + 1;
  const std::size_t begin = end - std::min(end, static_cast<std::size_t>(layout_.spread_rows()));
  const double count = std::max(1.0, counts_[end] - counts_[begin]);
  const double mean = (sums_[end] - sums_[begin]) / count;
  const double variance = (squares_[end] - squares_[begin]) / count - mean * mean;
  const double spread = std::sqrt(std::max(0.0, variance)) * scaling_.levels[0].scale;
  return kCommonDifficulty + (1 - kCommonDifficulty) * spread / scaling_.change;
}

void InputTable::FillSequence(std::size_t origin, std::size_t index, Batch& batch) const {
  const auto length = static_cast<std::size_t>(layout_.segment_length());
  const auto segments = static_cast<std::size_t>(layout_.segments());
  const std::size_t channels = length + kCalendarChannels;
  std::size_t row = origin + 1 - segments * length;
  for (std::size_t segment = 0; segment < segments; ++segment) {
    float* out = batch.sequence.data() + (segment * batch.size + index) * channels;
    for (std::size_t i = 0; i < length; ++i, ++row) {
      *out++ = static_cast<float>(ChangeAt(origin, row));
    }
    std::copy_n(calendar_.data() + (row - 1) * kCalendarChannels, kCalendarChannels, out);
  }
}

float* InputTable::PutLags(std::size_t origin, float* out) const {
  const auto season = static_cast<std::size_t>(layout_.season);
  const auto per_day = static_cast<std::size_t>(layout_.lags_per_day());
  for (std::size_t i = 0; layout_.lags() > 0 && i < per_day; ++i) {
    double change = ChangeAt(origin, origin + 1 + i - season);
    for (int day = 1; day <= layout_.days; ++day) {
      const std::size_t back = season * static_cast<std::size_t>(day);
      if (origin + 1 + i >= back) {
        const double older = ChangeAt(origin, origin + 1 + i - back);
        if (std::isfinite(older)) change = older;
      }
      if (day < layout_.first_lag_day()) continue;
      out[static_cast<std::size_t>(day - layout_.first_lag_day()) * per_day + i] =
          static_cast<float>(change);
    }
  }
  return out + layout_.lags();
}

void InputTable::FillExtras(std::size_t origin, float* out) const {
  const auto steps = static_cast<std::size_t>(layout_.sequence_length);
  for (std::size_t row = origin + 1 - steps; row <= origin; ++row) {
    *out++ = static_cast<float>(ChangeAt(origin, row));
  }
  out = PutLags(origin, out);
  if (!layout_.other_columns) return;
  const auto length = static_cast<std::size_t>(layout_.segment_length());
  std::copy_n(levels_.data() + (origin + 1 - length) * columns_, length * columns_, out);
}

Batch InputTable::MakeBatch(const std::size_t* origins, std::size_t count,
                            bool with_targets) const {
  const auto horizon = static_cast<std::size_t>(layout_.horizon);
  const auto sequence = static_cast<std::size_t>(layout_.segments()) *
                        (static_cast<std::size_t>(layout_.segment_length()) + kCalendarChannels);
  Batch batch;
  batch.size = count;
  batch.sequence.resize(count * sequence);
  batch.extras.resize(count * extras_);
  if (with_targets) batch.targets.resize(count * horizon);
  for (std::size_t i = 0; i < count; ++i) {
    FillSequence(origins[i], i, batch);
    FillExtras(origins[i], batch.extras.data() + i * extras_);
    for (std::size_t step = 0; with_targets && step < horizon; ++step) {
      batch.targets[i * horizon + step] =
          static_cast<float>(ChangeAt(origins[i], origins[i] + 1 + step));
    }
  }
  return batch;
}

}  // namespace fleetcast::forecast
