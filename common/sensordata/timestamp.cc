#include "common/sensordata/timestamp.h"

#include <chrono>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/sensordata/sensor_source.h"
#include "common/sensordata/time_format.h"

namespace fleetcast::sensordata {
namespace {

constexpr std::int64_t kDay = 86'400;

void WriteNumber(int value, int digits, char* out) {
  for (int i = digits - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::optional<std::int64_t> ParseTimestamp(std::string_view text) {
  const auto moment = ParseMoment(text, TimeFormat::kIso);
  if (!moment) return std::nullopt;
  return moment->unix_seconds;
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
