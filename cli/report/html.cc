#include "cli/report/html.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include "absl/time/time.h"
#include "cli/output/text.h"

namespace fleetcast::cli {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the valid UTF-8 sequence that begins `text`; 0 if none does.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t length = byte(0) >= 0xF5   ? 0
                             : byte(0) >= 0xF0 ? 4
                             : byte(0) >= 0xE0 ? 3
                             : byte(0) >= 0xC2 ? 2
                                               : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (byte(0) == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (byte(0) == 0xED && byte(1) > 0x9F) return 0;  // surrogates
  if (byte(0) == 0xF0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xF4 && byte(1) > 0x8F) return 0;  // beyond U+10FFFF
  return length;
}

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
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t length = SequenceLength(rest);
    const char c = rest.front();
    const bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (length == 0 || control || c == 0x7F) {
      escaped += kReplacement;
    } else if (const std::string_view entity = Entity(c); !entity.empty()) {
      escaped += entity;
    } else {
      escaped += rest.substr(0, length);
    }
    rest.remove_prefix(std::max<std::size_t>(1, length));
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
  return Formatted("%b %-d, %H:%M", unix_seconds);
}

}  // namespace fleetcast::cli
