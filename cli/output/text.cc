#include "cli/output/text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/text.h"

namespace fleetcast::cli {
namespace {

constexpr std::int64_t kTwoDays = 172'800;  // seconds
// From then on a date says more than a number of days.
constexpr absl::Duration kLongAgo = absl::Hours(1440);

const char* Code(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWarning:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
  }
  return "";
}

bool StartsCodePoint(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string ShortSpan(absl::Duration span) {
  if (span < absl::Minutes(1)) return absl::StrCat(absl::ToInt64Seconds(span), "s");
  if (span < absl::Hours(1)) return absl::StrCat(absl::ToInt64Minutes(span), "m");
  if (span < absl::Hours(48)) return absl::StrCat(absl::ToInt64Hours(span), "h");
  return absl::StrCat(absl::ToInt64Hours(span) / 24, "d");
}

}  // namespace

std::string Styled(const std::string& text, Style style, bool color) {
  if (!color || style == Style::kPlain || text.empty()) return text;
  return Code(style) + text + "\x1b[0m";
}

std::size_t DisplayWidth(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text) width += StartsCodePoint(c) ? 1 : 0;
  return width;
}

std::string Shorten(const std::string& text, std::size_t width) {
  if (DisplayWidth(text) <= width) return text;
  if (width == 0) return "";
  std::string result;
  std::size_t used = 0;
  for (const char c : text) {
    if (StartsCodePoint(c) && ++used == width) break;
    result += c;
  }
  return result + "…";
}

std::string OneLine(const std::string& text) {
  std::string line = PrintableUtf8(text, text.max_size());
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

std::string TimeAgo(absl::Time time, absl::Time now) {
  if (time == absl::UnixEpoch()) return "-";
  const absl::Duration age = now - time;
  const absl::Duration span = absl::AbsDuration(age);
  if (span < absl::Seconds(2)) return "just now";
  if (span > kLongAgo) {
    return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
  }
  return age > absl::ZeroDuration() ? ShortSpan(span) + " ago" : "in " + ShortSpan(span);
}

std::string DurationText(absl::Duration duration) {
  if (duration < absl::Seconds(10)) {
    return absl::StrFormat("%.1fs", absl::ToDoubleSeconds(duration));
  }
  const std::int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrFormat("%dm %02ds", seconds / 60, seconds % 60);
  if (seconds < kTwoDays) return absl::StrFormat("%dh %02dm", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%dd %dh", seconds / 86400, seconds / 3600 % 24);
}

std::string MinuteText(absl::Time time) {
  if (time == absl::UnixEpoch()) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

std::string NumberText(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-4 || size >= 1e7)) return absl::StrFormat("%.3e", value);
  const int whole = size < 1 ? 0 : static_cast<int>(std::floor(std::log10(size))) + 1;
  return absl::StrFormat("%.*f", std::max(0, 4 - whole), value);
}

std::string PercentText(double fraction) {
  if (std::isnan(fraction)) return "-";
  return absl::StrFormat("%+.1f%%", fraction * 100);
}

std::string BytesText(std::int64_t bytes) {
  if (bytes < 1000) return absl::StrCat(bytes, " B");
  const char* const units[] = {"kB", "MB", "GB", "TB"};
  double size = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (size >= 1000 && unit < 3) {
    size /= 1000;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", size, units[unit]);
}

std::string Count(std::int64_t count, const std::string& noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace fleetcast::cli
