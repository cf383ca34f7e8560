#include "common/forecast/inputs.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "common/forecast/filling.h"
#include "common/forecast/windows.h"

namespace fleetcast::forecast {
namespace {

// A season of more rows (steps below a minute) would make every window a day of seconds.
constexpr std::size_t kLongestSeason = 1'440;
// A week of 5-minute rows: how far back windows may reach beyond one day.
constexpr std::size_t kLongestReach = 2'016;
constexpr std::size_t kMostDays = 7;
// What the longest linear member looks back on: a month of hours.
constexpr std::size_t kLongestContext = 720;
// Training rows must be so many times the reach, or windows would eat them up.
constexpr std::size_t kRowsPerReach = 4;
// The LSTM reads four days where they are longer than the sequence, but no more rows than these for
// that reason; in about so many rows at once, and in so many segments at most: fewer, wider steps
// learn as well as many narrow ones, and faster.
constexpr std::size_t kDaysOfLstm = 4, kMostRowsForDays = 384;
constexpr int kRowsAtOnce = 24, kMostSegments = 14;

void PutTimeOfWeek(std::int64_t unix_seconds, float* out) {
  const std::int64_t into = ((unix_seconds % kWeekSeconds) + kWeekSeconds) % kWeekSeconds;
  const double angle =
      2 * std::numbers::pi * static_cast<double>(into) / static_cast<double>(kWeekSeconds);
  out[0] = static_cast<float>(std::sin(angle));
  out[1] = static_cast<float>(std::cos(angle));
}

// Segments of the newest rows of a sequence.
void CutIntoSegments(std::size_t rows, InputLayout& layout) {
  const int whole = static_cast<int>(rows);
  layout.segments = std::clamp(whole / kRowsAtOnce, std::min(2, whole), kMostSegments);
  layout.segment = whole / layout.segments;
}

}  // namespace

NetworkShape InputLayout::Shape(const ModelSpec& spec, int columns) const {
  NetworkShape shape;
  shape.steps = segments;
  shape.channels = segments > 0 ? segment + static_cast<int>(kCalendarChannels) : 0;
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
  const std::size_t affordable = train_rows / kRowsPerReach;
  const auto sequence = static_cast<std::size_t>(spec.sequence_length);
  std::size_t lstm_rows = sequence;
  if (day > 0 && day <= kLongestSeason) {
    const std::size_t most =
        std::min({kMostDays, std::max<std::size_t>(1, kLongestReach / day), affordable / day});
    layout.days = static_cast<int>(most);
    layout.season = most > 0 ? static_cast<int>(day) : 0;
    lstm_rows = std::max(sequence, std::min({kDaysOfLstm * day, kMostRowsForDays, most * day}));
  }
  layout.reach =
      static_cast<int>(std::max({sequence, lstm_rows, day * static_cast<std::size_t>(layout.days),
                                 std::min(kLongestContext, affordable)}));
  CutIntoSegments(lstm_rows, layout);
  // A sequence of a week tells the time of the week itself, and a week that was hardly seen twice
  // would only tell the network how late it is.
  layout.week_cycle = step_seconds * static_cast<std::int64_t>(lstm_rows) < kWeekSeconds &&
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

ColumnScale FitColumnScale(const std::vector<double>& values) {
  double count = 0, mean = 0, squares = 0;
  for (const double value : values) {
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

double RobustSize(std::vector<double>& changes) {
  if (changes.empty()) return 0;
  for (double& change : changes) change = std::abs(change);
  std::sort(changes.begin(), changes.end());
  const double median = changes[changes.size() / 2];
  const std::size_t kept = changes.size() - changes.size() / 100;
  const double sum =
      std::accumulate(changes.begin(), changes.begin() + static_cast<std::ptrdiff_t>(kept), 0.0);
  return std::max(1.4826 * median, sum / static_cast<double>(kept));
}

InputTable::InputTable(const TimeSeries& series, const std::vector<std::size_t>& columns,
                       const std::vector<PlausibleRange>& plausible, const InputLayout& layout,
                       const Scaling& scaling, const std::optional<CalendarProfile>& calendar)
    : layout_(layout),
      scaling_(scaling),
      columns_(columns.size()),
      calendar_(calendar),
      sums_(series.rows() + 1, 0),
      squares_(series.rows() + 1, 0),
      counts_(series.rows() + 1, 0),
      week_(series.rows() * kCalendarChannels, 0.0F),
      levels_(layout.level_rows > 0 ? series.rows() * columns.size() : 0) {
  outliers_.reserve(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::vector<double> values = ColumnValues(series, columns[i]);
    outliers_.push_back(MaskOutliers(plausible[i], values));
    if (!levels_.empty()) PutLevels(columns.size(), values, i);
    if (i == 0) readings_ = std::move(values);
  }
  target_ = readings_;
  if (calendar) ExpectRows(series.unix_seconds);
  filled_ = target_;
  FillGaps(filled_.data(), filled_.size(), static_cast<std::size_t>(layout.fill_season()));
  for (std::size_t row = 0; layout.week_cycle && row < series.rows(); ++row) {
    PutTimeOfWeek(series.unix_seconds[row], week_.data() + row * kCalendarChannels);
  }
  SumTarget();
}

void InputTable::ExpectRows(const std::vector<std::int64_t>& unix_seconds) {
  last_unix_seconds_ = unix_seconds.empty() ? 0 : unix_seconds.back();
  expected_.reserve(unix_seconds.size());
  for (const std::int64_t time : unix_seconds) {
    target_[expected_.size()] -= calendar_->At(time);
    expected_.push_back(calendar_->At(time));
  }
}

// A missing level is the one before it, for as long as a window reaches; after that it is the mean.
void InputTable::PutLevels(std::size_t columns, const std::vector<double>& values,
                           std::size_t column) {
  const ColumnScale& scale = scaling_.levels[column];
  const auto longest = static_cast<std::size_t>(layout_.reach - layout_.level_rows);
  float level = 0;
  std::size_t age = longest + 1;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (std::isnan(values[row])) {
      ++age;
    } else {
      const double scaled = (values[row] - scale.mean) / scale.scale;
      level = static_cast<float>(std::clamp(scaled, -kLargestLevel, kLargestLevel));
      age = 0;
    }
    levels_[row * columns + column] = age <= longest ? level : 0;
  }
}

void InputTable::SumTarget() {
  for (std::size_t row = 0; row < target_.size(); ++row) {
    const double value = (readings_[row] - scaling_.levels[0].mean) / scaling_.levels[0].scale;
    const bool finite = std::isfinite(value);
    sums_[row + 1] = sums_[row] + (finite ? value : 0);
    squares_[row + 1] = squares_[row] + (finite ? value * value : 0);
    counts_[row + 1] = counts_[row] + (finite ? 1 : 0);
  }
}

bool InputTable::CanForecastFrom(std::size_t origin) const {
  const std::size_t end = origin + 1;
  const auto since = [&](std::size_t rows) {
    return counts_[end] - counts_[end - std::min(end, rows)];
  };
  return since(kShortGap + 1) > 0 && since(static_cast<std::size_t>(layout_.spread_rows())) >=
                                         static_cast<std::size_t>(layout_.fewest_readings);
}

double InputTable::Difficulty(std::size_t origin) const {
  const std::size_t end = origin + 1;
  const std::size_t begin = end - std::min(end, static_cast<std::size_t>(layout_.spread_rows()));
  const double count = std::max(1.0, static_cast<double>(counts_[end] - counts_[begin]));
  const double mean = (sums_[end] - sums_[begin]) / count;
  const double variance = (squares_[end] - squares_[begin]) / count - mean * mean;
  const double spread = std::sqrt(std::max(0.0, variance)) * scaling_.levels[0].scale;
  return kCommonDifficulty + (1 - kCommonDifficulty) * spread / scaling_.change;
}

const double* InputTable::Window(std::size_t origin, std::vector<double>& scratch) const {
  const auto reach = static_cast<std::size_t>(layout_.reach);
  const std::size_t begin = origin + 1 - reach;
  if (counts_[origin + 1] - counts_[begin] == reach) return target_.data() + begin;
  scratch.assign(target_.begin() + static_cast<std::ptrdiff_t>(begin),
                 target_.begin() + static_cast<std::ptrdiff_t>(origin + 1));
  FillGaps(scratch.data(), reach, static_cast<std::size_t>(layout_.fill_season()));
  return scratch.data();
}

void InputTable::FillExtras(std::size_t origin, float* out) const {
  std::vector<double> scratch;
  const double* window = Window(origin, scratch);
  const auto reach = static_cast<std::size_t>(layout_.reach);
  for (std::size_t i = 0; i < reach; ++i) {
    *out++ = static_cast<float>((window[i] - window[reach - 1]) / scaling_.change);
  }
  const auto level_rows = static_cast<std::size_t>(layout_.level_rows);
  if (level_rows == 0) return;
  std::copy_n(levels_.data() + (origin + 1 - level_rows) * columns_, level_rows * columns_, out);
}

void InputTable::FillSequence(std::size_t origin, float* out) const {
  std::vector<double> scratch;
  const auto reach = static_cast<std::size_t>(layout_.reach);
  const auto length = static_cast<std::size_t>(layout_.segment);
  const double* end = Window(origin, scratch) + reach;
  for (auto left = static_cast<std::size_t>(layout_.segments); left > 0; --left) {
    const double* begin = end - left * length;
    for (std::size_t i = 0; i < length; ++i) {
      *out++ = static_cast<float>((begin[i] - end[-1]) / scaling_.change);
    }
    const std::size_t last_row = origin - (left - 1) * length;
    out = std::copy_n(week_.data() + last_row * kCalendarChannels, kCalendarChannels, out);
  }
}

Batch InputTable::MakeBatch(const std::size_t* origins, std::size_t count) const {
  const auto extras = static_cast<std::size_t>(layout_.extras(static_cast<int>(columns_)));
  const auto segments = static_cast<std::size_t>(layout_.segments);
  const std::size_t channels = static_cast<std::size_t>(layout_.segment) + kCalendarChannels;
  Batch batch;
  batch.size = count;
  batch.sequence.resize(segments * count * channels);
  batch.extras.resize(count * extras);
  std::vector<float> sequence(segments * channels);
  for (std::size_t i = 0; i < count; ++i) {
    FillExtras(origins[i], batch.extras.data() + i * extras);
    FillSequence(origins[i], sequence.data());
    for (std::size_t segment = 0; segment < segments; ++segment) {
      std::copy_n(sequence.data() + segment * channels, channels,
                  batch.sequence.data() + (segment * count + i) * channels);
    }
  }
  return batch;
}

}  // namespace fleetcast::forecast
