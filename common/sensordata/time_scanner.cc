#include "common/sensordata/time_scanner.h"

#include <chrono>

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kSecondsOfDay = 86'400;

// Takes what it recognises off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  // `least` to `most` digits; -1 if they are not there.
  int Number(std::size_t least, std::size_t most) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < most && digits < text_.size(); ++digits) {
      const char c = text_[digits];
      if (c < '0' || c > '9') break;
      value = value * 10 + (c - '0');
    }
    if (digits < least) return -1;
    text_.remove_prefix(digits);
    return value;
  }
  int Number(std::size_t digits) { return Number(digits, digits); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Letters of either case; `word` is in upper case.
  bool TakeWord(std::string_view word) {
    if (text_.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i)
      if ((text_[i] & ~0x20) != word[i]) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  // The separator of a date's parts; 0 if there is none.
  char TakeDateSeparator() {
    for (const char c : {'-', '.', '/'})
      if (Take(c)) return c;
    return 0;
  }
  void SkipDigits() {
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') text_.remove_prefix(1);
  }
  [[nodiscard]] bool done() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> SecondsOf(int year, int month, int day) {
  if (month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kSecondsOfDay;
}

std::optional<std::int64_t> TakeDate(Scanner& scanner, DateOrder order) {
  const bool year_first = order == DateOrder::kYearFirst;
  const int first = year_first ? scanner.Number(4) : scanner.Number(1, 2);
  const char separator = first < 0 ? '\0' : scanner.TakeDateSeparator();
  if (separator == 0) return std::nullopt;
  const int second = year_first ? scanner.Number(2) : scanner.Number(1, 2);
  if (second < 0 || !scanner.Take(separator)) return std::nullopt;
  const int third = year_first ? scanner.Number(2) : scanner.Number(4);
  if (third < 0) return std::nullopt;
  if (year_first) return SecondsOf(first, second, third);
  const bool day_first = order == DateOrder::kDayFirst;
  return SecondsOf(third, day_first ? second : first, day_first ? first : second);
}

// The hour of a clock of twelve hours, which "AM" or "PM" follows; -1 if it is none.
int HourOfDay(Scanner& scanner, int hour) {
  if (scanner.done()) return hour;
  scanner.Take(' ');
  const bool pm = scanner.TakeWord("PM");
  if (!pm && !scanner.TakeWord("AM")) return hour;
  if (hour < 1 || hour > 12) return -1;
  return hour % 12 + (pm ? 12 : 0);
}

std::optional<std::int64_t> TakeTimeOfDay(Scanner& scanner, std::size_t hour_digits) {
  int hour = scanner.Number(hour_digits, 2);
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
  hour = HourOfDay(scanner, hour);
  if (hour < 0) return std::nullopt;
  return hour * 3600 + minute * 60 + second;
}

struct Offset {
  std::int64_t seconds = 0;  // east of UTC
  bool given = false;
};

std::optional<Offset> TakeOffset(Scanner& scanner) {
  scanner.Take(' ');
  if (scanner.done()) return Offset{};
  if (scanner.TakeWord("UTC") || scanner.TakeWord("GMT") || scanner.TakeWord("Z"))
    if (scanner.done()) return Offset{.given = true};
  const bool west = scanner.Take('-');
  if (!west && !scanner.Take('+')) return std::nullopt;
  const int hours = scanner.Number(2);
  if (hours < 0 || hours > 15) return std::nullopt;
  scanner.Take(':');
  const int minutes = scanner.done() ? 0 : scanner.Number(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return Offset{west ? -seconds : seconds, true};
}

}  // namespace

std::optional<Moment> ScanMoment(std::string_view text, DateOrder order) {
  Scanner scanner(text);
  const auto date = TakeDate(scanner, order);
  if (!date) return std::nullopt;
  if (scanner.done()) return Moment{*date, false};
  scanner.Take(',');
  if (!scanner.TakeWord("T") && !scanner.Take(' ')) return std::nullopt;
  const auto time = TakeTimeOfDay(scanner, order == DateOrder::kYearFirst ? 2 : 1);
  if (!time) return std::nullopt;
  const auto offset = TakeOffset(scanner);
  if (!offset || !scanner.done()) return std::nullopt;
  return Moment{*date + *time - offset->seconds, offset->given};
}

bool IsDate(std::string_view text) {
  for (const DateOrder order :
       {DateOrder::kYearFirst, DateOrder::kDayFirst, DateOrder::kMonthFirst}) {
    Scanner scanner(text);
    if (TakeDate(scanner, order) && scanner.done()) return true;
  }
  return false;
}

bool IsTimeOfDay(std::string_view text) {
  Scanner scanner(text);
  return TakeTimeOfDay(scanner, 1).has_value() && scanner.done();
}

}  // namespace fleetcast::sensordata
