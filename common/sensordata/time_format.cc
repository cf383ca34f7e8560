#include "common/sensordata/time_format.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "common/sensordata/time_scanner.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::pair<TimeFormat, const char*> kNames[] = {
    {TimeFormat::kIso, "iso"},
    {TimeFormat::kDayFirst, "day_first"},
    {TimeFormat::kMonthFirst, "month_first"},
    {TimeFormat::kEpochSeconds, "epoch_s"},
    {TimeFormat::kEpochMilliseconds, "epoch_ms"},
    {TimeFormat::kEpochMicroseconds, "epoch_us"},
    {TimeFormat::kEpochNanoseconds, "epoch_ns"}};

// By unit, seconds first.
constexpr std::int64_t kUnitsPerSecond[] = {1, 1000, 1'000'000, 1'000'000'000};
// What a column's numbers must lie between to be taken for times unasked: 1990 and 2100.
constexpr std::int64_t kEarliestEpoch = 631'152'000, kLatestEpoch = 4'102'444'800;

// The whole units of "1765843200" or "1765843200.5".
std::optional<std::int64_t> UnitsOf(std::string_view text) {
  std::int64_t units = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, units);
  if (error != std::errc()) return std::nullopt;
  if (rest == end) return units;
  const bool fraction =
      *rest == '.' && std::all_of(rest + 1, end, [](char c) { return c >= '0' && c <= '9'; });
  if (!fraction) return std::nullopt;
  return units;
}

std::int64_t FloorDivide(std::int64_t value, std::int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

std::size_t EpochUnit(TimeFormat format) {
  return static_cast<std::size_t>(format) - static_cast<std::size_t>(TimeFormat::kEpochSeconds);
}

}  // namespace

std::string NameOf(TimeFormat format) {
  for (const auto& [known, name] : kNames)
    if (known == format) return name;
  return "";
}

std::optional<TimeFormat> TimeFormatNamed(std::string_view name) {
  for (const auto& [format, known] : kNames)
    if (known == name) return format;
  return std::nullopt;
}

std::optional<Moment> ParseMoment(std::string_view text, TimeFormat format) {
  switch (format) {
    case TimeFormat::kIso:
      return ScanMoment(text, DateOrder::kYearFirst);
    case TimeFormat::kDayFirst:
      return ScanMoment(text, DateOrder::kDayFirst);
    case TimeFormat::kMonthFirst:
      return ScanMoment(text, DateOrder::kMonthFirst);
    default:
      break;
  }
  const auto units = UnitsOf(text);
  if (!units) return std::nullopt;
  return Moment{FloorDivide(*units, kUnitsPerSecond[EpochUnit(format)]), true};
}

void TimeVotes::Add(std::string_view cell) {
  ++cells_;
  if (IsTimeOfDay(cell)) ++times_of_day_;
  if (const auto units = UnitsOf(cell)) {
    for (std::size_t unit = 0; unit < std::size(kUnitsPerSecond); ++unit) {
      const std::int64_t seconds = *units / kUnitsPerSecond[unit];
      if (seconds >= kEarliestEpoch && seconds < kLatestEpoch) ++epochs_[unit];
    }
    return;
  }
  if (ScanMoment(cell, DateOrder::kYearFirst)) {
    ++iso_;
  } else {
    const bool day_first = ScanMoment(cell, DateOrder::kDayFirst).has_value();
    const bool dotted = cell.substr(0, 3).find('.') != std::string_view::npos;
    if (day_first) ++day_first_;
    if (day_first && dotted) ++dotted_;
    if (!dotted && ScanMoment(cell, DateOrder::kMonthFirst)) ++month_first_;
  }
  if (IsDate(cell)) ++dates_;
}

bool TimeVotes::IsText() const {
  return cells_ > 0 && 2 * std::max({iso_, day_first_, month_first_}) >= cells_;
}

bool TimeVotes::Ambiguous() const {
  return IsText() && iso_ < day_first_ && dotted_ == 0 && day_first_ == month_first_;
}

std::optional<TimeFormat> TimeVotes::Format() const {
  if (IsText()) {
    if (iso_ >= std::max(day_first_, month_first_)) return TimeFormat::kIso;
    return day_first_ >= month_first_ ? TimeFormat::kDayFirst : TimeFormat::kMonthFirst;
  }
  const auto* const most = std::max_element(std::begin(epochs_), std::end(epochs_));
  if (cells_ == 0 || 2 * *most < cells_) return std::nullopt;
  return static_cast<TimeFormat>(static_cast<int>(TimeFormat::kEpochSeconds) +
                                 static_cast<int>(most - epochs_));
}

}  // namespace fleetcast::sensordata
