// Text for people: widths on a terminal, colours, times and numbers as one says them.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace fleetcast::cli {

enum class Style { kPlain, kBold, kDim, kGood, kWarning, kBad };

// `text` in the colour of `style`, or as it is.
[[nodiscard]] std::string Styled(const std::string& text, Style style, bool color);

// How many columns UTF-8 `text` takes, each code point counted as one.
[[nodiscard]] std::size_t DisplayWidth(const std::string& text);
// The first `width` columns; the last is "…" if something was cut.
[[nodiscard]] std::string Shorten(const std::string& text, std::size_t width);
// PrintableUtf8 with spaces for newlines and tabs: what a service or a file says must not steer the
// terminal.
[[nodiscard]] std::string OneLine(const std::string& text);

// "just now", "2m ago", "3h ago", "5d ago", "in 4m", and the date beyond 60 days; "-" for `never`
// (the epoch, which is what an unset timestamp is).
[[nodiscard]] std::string TimeAgo(absl::Time time, absl::Time now);
// "0.4s", "12s", "3m 20s", "2h 05m", "4d 3h".
[[nodiscard]] std::string DurationText(absl::Duration duration);
// "2025-12-09 13:00 UTC"; "-" for the epoch.
[[nodiscard]] std::string MinuteText(absl::Time time);
// Four significant digits, no exponent where it reads well: "0.1234", "12.35", "1235"; "-" for NaN.
[[nodiscard]] std::string NumberText(double value);
// 0.234 as "+23.4%"; "-" for NaN.
[[nodiscard]] std::string PercentText(double fraction);
// "1.2 MB".
[[nodiscard]] std::string BytesText(std::int64_t bytes);
// "1 circuit", "3 circuits".
[[nodiscard]] std::string Count(std::int64_t count, const std::string& noun);

}  // namespace fleetcast::cli
