// The ways in which sensor files write times, and which of them a column's cells speak for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fleetcast::sensordata {

enum class TimeFormat {
  kIso,                // 2025-12-31 23:00, with "T", "/" or "." as well
  kDayFirst,           // 31.12.2025 23:00, 31/12/2025 11:00 PM
  kMonthFirst,         // 12/31/2025 23:00
  kEpochSeconds,       // since 1970 UTC, a fraction is cut off
  kEpochMilliseconds,  // and so on
  kEpochMicroseconds,
  kEpochNanoseconds
};

// "iso", "day_first", "month_first", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns".
[[nodiscard]] std::string NameOf(TimeFormat format);
[[nodiscard]] std::optional<TimeFormat> TimeFormatNamed(std::string_view name);

struct Moment {
  std::int64_t unix_seconds = 0;  // a clock without offset is read as UTC's
  bool has_offset = false;        // "Z", "UTC", "+01:00", or an epoch's
};

// nullopt for what is no such time, days that do not exist included.
[[nodiscard]] std::optional<Moment> ParseMoment(std::string_view text, TimeFormat format);

// What the cells of a column say about its format.
class TimeVotes {
 public:
  void Add(std::string_view cell);

  // The format that at least half of the cells have, epochs only between 1990 and 2100; nullopt if
  // there is none. Ambiguous() ones count as kDayFirst.
  [[nodiscard]] std::optional<TimeFormat> Format() const;
  // Days and months could be either in every cell, as in 01/02/2025. Dots put the day first.
  [[nodiscard]] bool Ambiguous() const;
  // Whether the format is found in text, which a number cannot be taken for.
  [[nodiscard]] bool IsText() const;
  // Every cell is a date without a time of day.
  [[nodiscard]] bool OnlyDates() const { return cells_ > 0 && dates_ == cells_; }
  // Every cell is a time of day without a date: 23:00 or 23:00:00.
  [[nodiscard]] bool OnlyTimesOfDay() const { return cells_ > 0 && times_of_day_ == cells_; }

 private:
  std::int64_t cells_ = 0, iso_ = 0, day_first_ = 0, month_first_ = 0, dotted_ = 0;
  std::int64_t dates_ = 0, times_of_day_ = 0;
  std::int64_t epochs_[4] = {};  // by unit, seconds first
};

}  // namespace fleetcast::sensordata
