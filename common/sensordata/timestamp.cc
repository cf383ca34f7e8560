#include "common/sensordata/timestamp.h"

#include <chrono>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/sensordata/sensor_source.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kDay = 86'400;

std::int64_t DaysOf(const std::chrono::year_month_day& date) {
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// Takes what it recognises off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // Exactly `digits` digits; -1 if they are not there.
  int Number(std::size_t digits) {
    if (text_.size() < digits) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text_[i];
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void SkipDigits() {
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') text_.remove_prefix(1);
  }
  [[nodiscard]] bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> TakeDate(Scanner& scanner) {
  const int year = scanner.Number(4);
  if (year < 0 || !scanner.Take('-')) return std::nullopt;
  const int month = scanner.Number(2);
  if (month < 0 || !scanner.Take('-')) return std::nullopt;
  const int day = scanner.Number(2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return DaysOf(date) * kDay;
}

std::optional<std::int64_t> TakeTimeOfDay(Scanner& scanner) {
  const int hour = scanner.Number(2);
  if (hour < 0 || hour > 23 || !scanner.Take(':')) return std::nullopt;
  const int minute = scanner.Number(2);
  if (minute < 0 || minute > 59) return std::nullopt;
  int second = 0;
  if (scanner.Take(':')) {
    second = scanner.Number(2);
    if (second < 0 || second > 59) return std::nullopt;
    if (scanner.Take('.') || scanner.Take(',')) {
      if (scanner.Number(1) < 0) return std::nullopt;
      scanner.SkipDigits();
    }
  }
  return hour * 3600 + minute * 60 + second;
}

// Seconds east of UTC; 0 where nothing stands.
std::optional<std::int64_t> TakeOffset(Scanner& scanner) {
  scanner.Take(' ');
  if (scanner.done() || scanner.Take('Z') || scanner.Take('z')) return 0;
  const bool west = scanner.Take('-');
  if (!west && !scanner.Take('+')) return std::nullopt;
  const int hours = scanner.Number(2);
  if (hours < 0 || hours > 15) return std::nullopt;
  scanner.Take(':');
  const int minutes = scanner.done() ? 0 : scanner.Number(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return west ? -seconds : seconds;
}

void WriteNumber(int value, int digits, char* out) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<std::int64_t> ParseTimestamp(std::string_view text) {
  Scanner scanner(text);
  const auto date = TakeDate(scanner);
  if (!date || scanner.done()) return date;
  if (!scanner.Take('T') && !scanner.Take(' ') && !scanner.Take('t')) return std::nullopt;
  const auto time = TakeTimeOfDay(scanner);
  if (!time) return std::nullopt;
  const auto offset = TakeOffset(scanner);
  if (!offset || !scanner.done()) return std::nullopt;
  return *date + *time - *offset;
}

void WriteTimestamp(std::int64_t unix_seconds, char* out) {
  const std::int64_t days = (unix_seconds >= 0 ? unix_seconds : unix_seconds - (kDay - 1)) / kDay;
  const int second = static_cast<int>(unix_seconds - days * kDay);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  WriteNumber(static_cast<int>(date.year()), 4, out);
  out[4] = '-';
  WriteNumber(static_cast<int>(static_cast<unsigned>(date.month())), 2, out + 5);
  out[7] = '-';
  WriteNumber(static_cast<int>(static_cast<unsigned>(date.day())), 2, out + 8);
  out[10] = ' ';
  WriteNumber(second / 3600, 2, out + 11);
  out[13] = ':';
  WriteNumber(second / 60 % 60, 2, out + 14);
  out[16] = ':';
  WriteNumber(second % 60, 2, out + 17);
}

std::string FormatTimestamp(std::int64_t unix_seconds) {
  std::string text(20, 'Z');
  WriteTimestamp(unix_seconds, text.data());
  text[10] = 'T';
  return text;
}

absl::StatusOr<std::int64_t> EndOfCutoffDay(const std::string& cutoff_date) {
  FLEETCAST_RETURN_IF_ERROR(ValidateDate("cutoff_date", cutoff_date));
  const auto midnight = ParseTimestamp(cutoff_date);
  if (!midnight) return InvalidField("cutoff_date", "'" + cutoff_date + "' is no date YYYY-MM-DD");
  return *midnight + kDay;
}

}  // namespace fleetcast::sensordata
