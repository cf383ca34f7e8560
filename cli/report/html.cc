#include "cli/report/html.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "absl/time/time.h"
#include "cli/output/text.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

std::string_view Entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

std::string Formatted(const char* format, std::int64_t unix_seconds) {
  return absl::FormatTime(format, absl::FromUnixSeconds(unix_seconds), absl::UTCTimeZone());
}

}  // namespace

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : PrintableUtf8(text, text.max_size())) {
    if (const std::string_view entity = Entity(c); !entity.empty()) {
      escaped += entity;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Coordinate(double value) {
  char buffer[400];
  const double rounded = std::round(value * 100) / 100;
  if (!std::isfinite(rounded)) return "0";
  return {
      buffer,
      std::to_chars(buffer, buffer + sizeof buffer, rounded + 0.0, std::chars_format::fixed).ptr};
}

std::string Reading(double value) {
  if (std::isnan(value)) return "–";
  std::string text = NumberText(value);
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string DayText(std::int64_t unix_seconds) { return Formatted("%b %-d", unix_seconds); }
std::string HourText(std::int64_t unix_seconds) { return Formatted("%H:%M", unix_seconds); }
std::string DayAndHourText(std::int64_t unix_seconds) {
  return Formatted("%b %-d %Y, %H:%M", unix_seconds);
}

}  // namespace fleetcast::cli
